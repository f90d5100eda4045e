"use strict";
/* What one clicks: cells that show their images, headings that sort, a box that finds a class. */
(() => {
  const PAGE = 24; // images at a time
  const find = (id) => document.getElementById(id);
  const make = (tag, words, kind) => {
    const made = document.createElement(tag);
    if (words !== undefined) made.textContent = words; // never as HTML: names come from outside
    if (kind) made.className = kind;
    return made;
  };

  const source = find("images");
  const data = source ? JSON.parse(source.textContent) : null;

  function fillFigure(figure, image) {
    figure.replaceChildren();
    const name = data.names[image.truth];
    if (image.text) {
      const quote = make("blockquote", image.text);
      quote.dir = "auto";
      figure.append(quote);
    } else if (image.picture) {
      const picture = make("img");
      picture.src = image.picture;
      picture.alt = `${name}: ${image.path}`;
      figure.append(picture);
    } else {
      figure.append(make("div", "gone, or changed", "lost"));
    }
    const caption = make("figcaption");
    const right = image.truth === image.said;
    const line = make("span", undefined, right ? "" : "wrong");
    line.append(make("bdi", name));
    if (!right) line.append(" → ", make("bdi", data.names[image.said]));
    caption.append(line, ` ${image.probability.toFixed(3)}`);
    if (image.unusual) caption.append(` unlike the training ${data.noun}s`);
    caption.append(make("br"));
    const path = make("span", undefined, "path dim");
    image.path.split("/").forEach((part, place) => path.append(place ? "/" : "", make("bdi", part)));
    caption.append(path);
    figure.append(caption);
  }

  function showGallery() {
    const [title, thumbs, note, more] = ["gallery-title", "thumbs", "gallery-note", "more"].map(find);
    const names = data.names;
    let left = [];

    function showMore() {
      const next = left.splice(0, PAGE);
      for (const image of next) {
        const figure = make("figure");
        fillFigure(figure, image);
        thumbs.append(figure);
      }
      more.hidden = left.length === 0;
      more.textContent = `Show more (${left.length})`;
    }

    function choose(asked) {
      if (asked === "wrong") {
        return [data.images.filter((each) => each.truth !== each.said), data.wrong, "Wrong"];
      }
      if (asked === "unusual") {
        const found = data.images.filter((each) => each.unusual);
        return [found, data.unusual, `Unlike the training ${data.noun}s`];
      }
      const [truth, said] = asked.split(",");
      const fits = (each, value) => value === "*" || Number(value) === each;
      const found = data.images.filter((each) => fits(each.truth, truth) && fits(each.said, said));
      if (truth === "*") {
        found.sort((a, b) => a.probability - b.probability);
        return [found, data.total, "The least certain first"];
      }
      if (said === "*") return [found, data.support[truth], names[truth]];
      const count = data.counts[`${truth},${said}`] ?? 0;
      const words = truth === said ? `${names[truth]}, right` : `${names[truth]} taken for ${names[said]}`;
      return [found, count, words];
    }

    function show(asked, scroll) {
      const [found, count, words] = choose(asked);
      left = [...found];
      thumbs.replaceChildren();
      title.textContent = `${words}: ${count.toLocaleString("en")} ${data.noun}${count === 1 ? "" : "s"}`;
      note.textContent = found.length < count
        ? `${found.length} of them are in this page: wrong ones first, then those the model is least sure of.`
        : "";
      showMore();
      for (const button of document.querySelectorAll("#matrix button")) {
        button.setAttribute("aria-pressed", String(button.dataset.show === asked));
      }
      const { top } = title.getBoundingClientRect();
      const isSeen = top > 0 && top < innerHeight - 260; // with a row of images below it
      if (scroll && !isSeen) title.scrollIntoView({ block: "center" }); // the matrix stays in view
    }

    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-show]");
      if (button) show(button.dataset.show, true);
    });
    more.addEventListener("click", () => {
      showMore();
      if (more.hidden) title.focus({ preventScroll: true });
    });
    show(data.wrong ? "wrong" : "*,*", false);
    for (const figure of document.querySelectorAll("figure[data-row]")) {
      fillFigure(figure, data.images.find((each) => each.row === Number(figure.dataset.row)));
    }
  }

  /* One stop of the tab key for the whole matrix: arrows go to the next number that way. */
  function moveInMatrix(matrix) {
    const cells = [...matrix.tBodies[0].rows].map((row) =>
      [...row.cells].map((cell) => cell.querySelector("button")));
    const all = cells.flat().filter(Boolean);
    const reach = (button) => {
      for (const each of all) each.tabIndex = each === button ? 0 : -1;
    };
    reach(all[0]);
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    matrix.addEventListener("focusin", (event) => reach(event.target));
    matrix.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step) return;
      event.preventDefault();
      let row = event.target.closest("tr").sectionRowIndex;
      let column = event.target.closest("td").cellIndex;
      do {
        row += step[0];
        column += step[1];
      } while (cells[row] && column > 0 && column < cells[row].length && !cells[row][column]);
      cells[row]?.[column]?.focus();
    });
  }

  function sortTable(table) {
    const heads = [...table.tHead.rows[0].cells];
    const read = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const compare = (a, b) => {
      const [left, right] = [Number(a), Number(b)];
      return left - right === left - right
        ? left - right
        : a.localeCompare(b, undefined, { numeric: true });
    };
    heads.forEach((head, column) => {
      head.querySelector("button")?.addEventListener("click", () => {
        const falls = head.getAttribute("aria-sort") === "ascending";
        for (const each of heads) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", falls ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        const isBlank = (row) => Number(read(row, column) === ""); // they come last either way
        const order = (a, b) => (falls ? -1 : 1) * compare(read(a, column), read(b, column));
        rows.sort((a, b) => isBlank(a) - isBlank(b) || order(a, b));
        table.tBodies[0].append(...rows);
      });
    });
  }

  function findRows(box, table) {
    box.addEventListener("input", () => {
      const asked = box.value.toLowerCase();
      for (const row of table.tBodies[0].rows) {
        row.hidden = !row.cells[0].textContent.toLowerCase().includes(asked);
      }
    });
  }

  if (data) showGallery();
  if (find("matrix")) moveInMatrix(find("matrix"));
  for (const table of document.querySelectorAll("table.sorted")) sortTable(table);
  if (find("find")) findRows(find("find"), find("class-table"));
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  });
})();

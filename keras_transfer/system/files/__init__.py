"""What lies on disks: whole files, whose a folder is, where folders of the user's go."""

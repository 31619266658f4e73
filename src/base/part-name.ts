/** How names of files and folders begin while they are written: readers leave them out. */
export const PART_PREFIX = ".part-";

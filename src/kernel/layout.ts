// Layout of rows and packed weights in memory.

/** Units, columns and widths are laid out in panels of 16 float32: four v128, or two 256-bit registers. */
export const panelWidth = 16;
export const panelVectors = 4;
export const panelBytes = 64;
export const countPanels = (columns: number): number => Math.ceil(columns / panelWidth);
/** Columns of a row in memory: rows start on a panel border and end with zeros. */
export const padded = (columns: number): number => countPanels(columns) * panelWidth;

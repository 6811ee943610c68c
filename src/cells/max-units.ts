/** Units of one direction of a layer. */
export const maxUnits = 8192;

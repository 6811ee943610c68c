/** The element types that code tells apart: floats, integers of 64 bits, truth values. */
export type ValueKind = 'float' | 'int' | 'bool';

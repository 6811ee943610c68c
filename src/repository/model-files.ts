// The files of a version's folder.

export const specFile = 'model.json';
export const weightsFile = 'weights.safetensors';

// Names of a model's folder `<models>/<name>/<version>/` and of the files in it.

/**
 * A model's name, as a folder, in requests and in model.json. It can't spell a path, and is no hidden folder.
 */
export const modelNamePattern = /^[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?$/;
/** A version, as a folder and in requests: a whole number from 1, such as a time, maybe with leading zeros. */
export const modelVersionPattern = /^(?=.{1,15}$)0*[1-9][0-9]*$/;

export const specFile = 'model.json';
export const weightsFile = 'weights.safetensors';

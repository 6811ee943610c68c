// Names of a model's folder `<models>/<name>/<version>/` and of the files in it.

/**
 * A model's name, as a folder, in requests and in model.json. It can't spell a path. Layers have such names,
 * too.
 */
export const modelNamePattern = /^[A-Za-z0-9_-]{1,64}$/;
/** A version, as a folder and in requests: a whole number without leading zeros. */
export const modelVersionPattern = /^[1-9][0-9]{0,8}$/;

export const specFile = 'model.json';
export const weightsFile = 'weights.safetensors';

// Names of a model's folder `<models>/<name>/<version>/` and of the files in it.

/**
 * A model's name, as a folder, in requests and in model.json. It can't spell a path, and is no hidden folder.
 */
export const modelNamePattern = /^[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?$/;
/** A version, as a folder and in requests: a whole number from 1, such as a time, maybe with leading zeros. */
export const modelVersionPattern = /^(?=.{1,15}$)0*[1-9][0-9]*$/;

export const specFile = 'model.json';
export const weightsFile = 'weights.safetensors';

/** What points at a version of a model, in requests after `@`: it begins with a letter, so that it is no version. */
export const aliasPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
/** The alias that a name alone refers to. Until it is set, a name refers to the highest version that is ready. */
export const defaultAlias = 'default';
/** A model's aliases, beside the folders of its versions. */
export const aliasesFile = 'aliases.json';

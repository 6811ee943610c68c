import { asConfig } from './keras/keras-config.ts';
import { isModelClass } from './keras/model-class.ts';

/** Whether JSON is a file of TensorFlow.js, as opposed to a model.json of ours. */
export const isTfjs = (json: unknown): boolean =>
  ['modelTopology', 'weightsManifest'].some((field) => Object.hasOwn(asConfig(json), field));

/** Whether JSON is the output of Keras' `to_json`. */
const isKerasConfig = (json: unknown): boolean =>
  isModelClass(asConfig(json)['class_name']) && Object.hasOwn(asConfig(json), 'config');

/** Whether JSON is a network of TensorFlow.js or Keras, as opposed to a model.json of ours. */
export const isImportableJson = (json: unknown): boolean =>
  (isTfjs(json) || isKerasConfig(json)) && !Object.hasOwn(json as object, 'schema');

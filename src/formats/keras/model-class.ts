const modelClasses = new Set(['Sequential', 'Functional', 'Model']);

/** Whether a class of Keras is a model, rather than a layer. */
export const isModelClass = (className: unknown): boolean => modelClasses.has(String(className));

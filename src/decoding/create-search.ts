import { createBeamSearch } from './beam-search.ts';
import { createPathSearch } from './path-search.ts';
import type { DecodeOptions, Search, SearchVocabulary } from './search.ts';

/** Creates the search that `options.mode` selects. */
export const createSearch = (options: DecodeOptions, vocabulary: SearchVocabulary): Search =>
  options.mode === 'beam' ? createBeamSearch(options, vocabulary) : createPathSearch(options, vocabulary);

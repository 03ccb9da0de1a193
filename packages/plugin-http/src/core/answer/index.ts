/**
 * Filters of answers in the plugin worker, for plugins that build on them.
 * @module
 */
export { Compression } from './compression.ts'
export { effectiveField, forgetBytes, mediaTypeOf, setField, weaken } from './effective.ts'
export { EntityTags } from './entity-tags.ts'
export type { Answer, AnswerFilter } from './filter.ts'
export { Selecting } from './selecting.ts'

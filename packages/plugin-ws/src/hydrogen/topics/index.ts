/**
 * Topics, who subscribed to them, and filters.
 * @module
 */
export { compileFilter, type Predicate } from './compile-filter.ts'
export {
  type Attributes,
  type AttributeValue,
  checkFilter,
  DEFAULT_FILTER_LIMITS,
  type Filter,
  FilterError,
  type FilterLimits,
  type FilterOperator,
} from './filter.ts'
export { covers, hasWildcard, isTopic, parsePattern } from './name.ts'
export { follows, Position } from './position.ts'
export { Subscriptions } from './subscriptions.ts'

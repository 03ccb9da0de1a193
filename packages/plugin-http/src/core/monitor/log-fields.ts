/**
 * What a line of the access log may have.
 * @module
 */

/** The fields of a line of JSON. */
export const ACCESS_LOG_FIELDS = [
  'time',
  'address',
  'user',
  'method',
  'target',
  'protocol',
  'host',
  'status',
  'bytes',
  'duration',
  'request_id',
  'trace_id',
  'span_id',
  'fd',
  'route',
  'cache',
  'referer',
  'user_agent',
  'aborted',
  'reason',
] as const

/** `header.NAME` is one of the request's header fields. */
export type AccessLogField = (typeof ACCESS_LOG_FIELDS)[number] | `header.${string}`

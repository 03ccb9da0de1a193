/**
 * Options for watching a server: 225, 240 and 241.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { parsePeers } from '../apache/peers.ts'
import { isToken } from '../headers.ts'
import { ACCESS_LOG_FIELDS, type AccessLogField } from './log-fields.ts'

/** HTTP_SERVER, HTTPS_SERVER and REST_SERVER. */
const modes = [20, 21, 24]
const path = { type: 'string', pattern: '^/[^?#]*$' }
const peers = { type: 'array', items: { type: 'string', minLength: 1 } }
const share = { type: 'number', minimum: 0, maximum: 1 }
const object = (properties: Record<string, unknown>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

export type { AccessLogField } from './log-fields.ts'

/** Apache's common and combined log formats, or a JSON object a line. */
export type AccessLogFormat = 'common' | 'combined' | 'json'

/** HTTP_ACCESS_LOG's value. */
export interface AccessLogSettings {
  format: AccessLogFormat
  /** Where lines are appended. @default the kernel's logger */
  file?: string
  /** Of JSON: which fields a line has; `header.NAME` is one of the request's. @default all but `header.NAME` */
  fields?: readonly AccessLogField[]
  /** Paths that are not logged; * stands for any characters. */
  skip?: readonly string[]
  /** The share of answers below 400 that is logged, from 0 to 1. @default 1 */
  sample?: number
}

/** MONITOR_METRICS_PATH's value. */
export interface MetricsSettings {
  path: string
  /** Addresses and networks of those who may read it. @default everybody */
  allow?: readonly string[]
  /** On every sample. */
  labels?: Readonly<Record<string, string>>
}

/** MONITOR_TRACE's value. */
export interface TraceSettings {
  /** What request ids look like that are made here: a UUID of version 7, or 32 hexadecimal digits. @default 'uuid' */
  id?: 'uuid' | 'hex'
  /** The field that has the id. @default 'X-Request-Id' */
  header?: string
  /** Whose ids are taken over. @default the peers of APACHE_PROXY_ENABLE */
  trusted?: readonly string[]
  /** The share of traces begun here that is sampled, from 0 to 1. @default 1 */
  sample?: number
}

export const HTTP_ACCESS_LOG = defineOption({
  number: 225,
  name: 'HTTP_ACCESS_LOG',
  family: 'http',
  modes,
  schema: {
    description:
      'The worker writes a line for every request: "common", "combined" or "json", or { format, file, fields, skip, sample }; false writes none.',
    anyOf: [
      { enum: ['common', 'combined', 'json', false] },
      object(
        {
          format: { enum: ['common', 'combined', 'json'] },
          file: { type: 'string', minLength: 1 },
          fields: {
            type: 'array',
            minItems: 1,
            uniqueItems: true,
            items: { anyOf: [{ enum: ACCESS_LOG_FIELDS }, { type: 'string', pattern: '^header\\.\\S+$' }] },
          },
          skip: { type: 'array', items: { type: 'string', pattern: '^[/*]' } },
          sample: share,
        },
        ['format'],
      ),
    ],
  },
  value: type<AccessLogFormat | AccessLogSettings | false>(),
  default: false,
  check: (value: AccessLogFormat | AccessLogSettings | false) => {
    if (typeof value === 'object' && value.fields && value.format !== 'json')
      throw new Error('fields are for the format "json"')
  },
})
export const MONITOR_METRICS_PATH = defineOption({
  number: 240,
  name: 'MONITOR_METRICS_PATH',
  family: 'monitor',
  modes,
  schema: {
    description:
      'A path at which the worker answers with metrics, for Prometheus or as OpenMetrics: the path, or { path, allow, labels }; false for none.',
    anyOf: [
      path,
      { enum: [false] },
      object(
        {
          path,
          allow: peers,
          labels: {
            type: 'object',
            propertyNames: { pattern: '^[a-zA-Z][a-zA-Z0-9_]*$' },
            additionalProperties: { type: 'string' },
          },
        },
        ['path'],
      ),
    ],
  },
  value: type<string | MetricsSettings | false>(),
  default: false,
  check: (value: string | MetricsSettings | false) => {
    const { allow = [], labels = {} } = typeof value === 'object' ? value : {}
    parsePeers(allow)
    const taken = Object.keys(labels).find(name => OWN_LABELS.has(name))
    if (taken !== undefined) throw new Error(`labels: ${taken} is a label that metrics have already`)
  },
})
export const MONITOR_TRACE = defineOption({
  number: 241,
  name: 'MONITOR_TRACE',
  family: 'monitor',
  modes,
  schema: {
    description:
      'Requests have an id and a place in a trace (W3C Trace Context): true, or { id, header, trusted, sample }.',
    anyOf: [
      { type: 'boolean' },
      object({
        id: { enum: ['uuid', 'hex'] },
        header: { type: 'string', minLength: 1, maxLength: 64 },
        trusted: peers,
        sample: share,
      }),
    ],
  },
  value: type<boolean | TraceSettings>(),
  default: false,
  check: (value: boolean | TraceSettings) => {
    const { header = 'X-Request-Id', trusted = [] } = typeof value === 'object' ? value : {}
    if (!isToken(header)) throw new Error(`header: ${JSON.stringify(header)} is no name of a field`)
    parsePeers(trusted)
  },
})

const OWN_LABELS: ReadonlySet<string> = new Set(['method', 'status', 'route', 'reason', 'le', 'quantile'])

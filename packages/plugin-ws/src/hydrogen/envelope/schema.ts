/**
 * The envelope as JSON Schema (2020-12), for documentation and for clients in other languages. It says of a parsed
 * message what `parseEnvelope` says by hand; size, depth and the number of keys are beyond a schema.
 * @module
 */
import { DEFAULT_ENVELOPE_LIMITS, type EnvelopeLimits } from './limits.ts'

const PLAIN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$'

const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength, pattern: PLAIN }) as const
const count = (minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) =>
  ({ type: 'integer', minimum, maximum }) as const

/** The schema under these limits. A length counts characters here and UTF-16 units in the parser. */
export function envelopeSchema(limits: EnvelopeLimits = DEFAULT_ENVELOPE_LIMITS) {
  const id = text(limits.maxIdLength)
  const name = text(limits.maxNameLength)
  const secret = text(limits.maxAuthLength)
  const common = {
    timestamp: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:\\d\\d)$',
    },
    auth: { type: 'object', properties: { token: secret, signature: secret } },
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    oneOf: [
      {
        properties: {
          type: { const: 'command' },
          id,
          channel: name,
          action: name,
          ...common,
          cseq: count(1),
        },
        required: ['type', 'id', 'channel', 'action'],
      },
      {
        properties: {
          type: { const: 'event' },
          id,
          channel: name,
          action: name,
          ...common,
          topic: name,
          offset: count(0),
          prev: count(0),
          epoch: id,
          gap: { type: 'object', properties: { from: count(1), to: count(1) }, required: ['from', 'to'] },
          ack: { type: 'boolean' },
          seq: count(1),
          attempt: count(1),
          prio: count(0, 3),
        },
        required: ['type', 'id', 'channel', 'action'],
      },
      {
        properties: {
          type: { const: 'response' },
          id,
          re: { oneOf: [id, { type: 'null' }] },
          ok: { type: 'boolean' },
          channel: name,
          action: name,
          ...common,
          error: { type: 'object' },
          cseq: count(1),
        },
        required: ['type', 'id', 're', 'ok'],
      },
      {
        properties: {
          type: { const: 'ack' },
          id,
          ids: { type: 'array', minItems: 1, maxItems: limits.maxIds, items: id },
          upto: count(0),
          ...common,
          attempt: count(1),
          kind: { enum: ['ack', 'nak', 'progress', 'term'] },
          delay: count(0, 86_400_000),
        },
        required: ['type'],
        oneOf: [{ required: ['id'] }, { required: ['ids'] }, { required: ['upto'] }],
      },
    ],
  } as const
}

/** The schema under the default limits. */
export const ENVELOPE_SCHEMA = envelopeSchema()

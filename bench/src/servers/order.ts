/**
 * The validated route that both REST contenders serve.
 * @module
 */

export const ORDER_SCHEMA = {
  type: 'object',
  required: ['sku', 'quantity', 'address'],
  additionalProperties: false,
  properties: {
    sku: { type: 'string', minLength: 3, maxLength: 20 },
    quantity: { type: 'integer', minimum: 1, maximum: 1000 },
    gift: { type: 'boolean' },
    tags: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 20 } },
    address: {
      type: 'object',
      required: ['street', 'city'],
      additionalProperties: false,
      properties: {
        street: { type: 'string' },
        city: { type: 'string' },
        zip: { type: 'string', maxLength: 10 },
      },
    },
  },
}

export const ANSWER_SCHEMA = {
  type: 'object',
  properties: { id: { type: 'integer' }, user: { type: 'integer' }, total: { type: 'number' } },
}

export const ORDER = {
  sku: 'lantern-7',
  quantity: 3,
  gift: true,
  tags: ['cave', 'light'],
  address: { street: 'Bag End 1', city: 'Hobbiton', zip: '4711' },
}

export interface Order {
  quantity: number
}

/** What tokens are signed with, where the route wants one. */
export const SECRET = 'sixty-four bytes of nothing that anybody should ever keep secret'

/** Who may call, where pages of other origins may. */
export const PAGE = 'https://shop.example.org'

/** What the server is asked for: `jwt`, a token; `plugins`, the fields of helmet and CORS too. */
export function wants(feature: 'jwt' | 'plugins'): boolean {
  return process.argv.includes(feature)
}

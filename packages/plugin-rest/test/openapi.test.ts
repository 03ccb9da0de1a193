import { describe, expect, test } from 'vitest'
import { buildDocument, type DocumentParts } from '../src/openapi/document.ts'
import { toOperation } from '../src/openapi/operation.ts'
import { asSchema, hasDefaults, withReferences } from '../src/openapi/schema.ts'
import type { RouteDocs } from '../src/openapi/types.ts'
import { parsePattern } from '../src/pattern.ts'

const operation = (pattern: string, docs?: RouteDocs) => toOperation(parsePattern(pattern), docs)

describe('an operation', () => {
  test('has every parameter of the pattern, documented or not', () => {
    expect(operation('/a/{id:int}/{key:uuid}/{rest*}').parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 0 } },
      { name: 'key', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
      { name: 'rest', in: 'path', required: true, schema: { type: 'string' } },
    ])
  })

  test('takes parameters as a mapping: in the path by name, else in the query', () => {
    const { parameters } = operation('/a/{id}', {
      parameters: {
        id: { type: 'integer', description: 'User ID' },
        limit: { type: 'integer', maximum: 100 },
        'X-Token': { in: 'header', required: true },
      },
    })
    expect(parameters).toEqual([
      { name: 'id', in: 'path', description: 'User ID', required: true, schema: { type: 'integer' } },
      { name: 'limit', in: 'query', required: false, schema: { type: 'integer', maximum: 100 } },
      { name: 'X-Token', in: 'header', required: true, schema: { type: 'string' } },
    ])
  })

  test('takes responses and bodies by their schema', () => {
    const schema = { type: 'object' }
    const json = { 'application/json': { schema } }
    const { requestBody, responses } = operation('/a', {
      body: schema,
      responses: { 200: { schema }, 404: { description: 'Nobody' }, default: { schema } },
    })
    expect(requestBody).toEqual({ required: true, content: json })
    expect(responses).toEqual({
      '200': { description: 'OK', content: json },
      '404': { description: 'Nobody' },
      default: { description: 'Response', content: json },
    })
    const described = operation('/a', { requestBody: { schema, required: false, description: 'A user' } })
    expect(described.requestBody).toEqual({ description: 'A user', required: false, content: json })
  })

  test('leaves plain OpenAPI as it is', () => {
    const docs: RouteDocs = {
      operationId: 'x',
      tags: ['a'],
      deprecated: true,
      'x-rate': 5,
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' }, style: 'simple' }],
      requestBody: { content: { 'image/png': {} } },
      responses: { '204': { description: 'Done', headers: { etag: { schema: { type: 'string' } } } } },
    }
    expect(operation('/a/{id}', docs)).toEqual(docs)
  })

  test('refuses a path parameter that the pattern lacks', () => {
    expect(() => operation('/a', { parameters: { id: { in: 'path' } } })).toThrow('{id}')
  })
})

describe('a schema', () => {
  test('is made of a mapping of properties', () => {
    expect(asSchema({ id: { type: 'integer' } })).toEqual({
      type: 'object',
      properties: { id: { type: 'integer' } },
    })
    for (const schema of [{}, { type: 'string' }, { $ref: 'User' }, { properties: {} }, { anyOf: [] }])
      expect(asSchema(schema)).toBe(schema)
  })

  test('refers to shared schemas in any of three ways', () => {
    const value = {
      a: { $ref: 'User' },
      b: [{ $ref: 'User#' }],
      c: { $ref: '#/components/schemas/User' },
      d: { $ref: '#/$defs/x' },
    }
    expect(withReferences(value, new Set(['User']), 'root#/')).toEqual({
      a: { $ref: 'root#/User' },
      b: [{ $ref: 'root#/User' }],
      c: { $ref: 'root#/User' },
      d: { $ref: '#/$defs/x' },
    })
  })

  test('is known to have defaults at any depth', () => {
    expect(hasDefaults({ properties: { a: { items: { default: 0 } } } })).toBe(true)
    expect(hasDefaults({ properties: { a: { type: 'string' } } })).toBe(false)
  })
})

describe('the document', () => {
  const parts = (more: Partial<DocumentParts> = {}): DocumentParts => ({
    info: { title: 't', version: '1' },
    basePath: '',
    schemas: {},
    routes: [],
    secured: false,
    ...more,
  })
  const documented = (auth: 'required' | 'optional' | 'none', restricted = false) => {
    const pattern = parsePattern('/x/{id}')
    return { method: 'GET', pattern, operation: toOperation(pattern), auth, restricted }
  }

  test.each([
    [undefined, '', [{ url: '/' }]],
    [undefined, '/api', [{ url: '/api' }]],
    [[{ url: 'https://a.example/' }], '/api', [{ url: 'https://a.example/api' }]],
    [
      [{ url: 'https://a.example/api', description: 'A' }],
      '/api',
      [{ url: 'https://a.example/api', description: 'A' }],
    ],
  ])('has servers %j under %j', (servers, basePath, expected) => {
    const info = { title: 't', version: '1', ...(servers && { servers }) }
    expect(buildDocument(parts({ info, basePath })).servers).toEqual(expected)
  })

  test('says what a token is needed for, and which problems there may be', () => {
    const describe = (secured: boolean, route: ReturnType<typeof documented>) => {
      const { paths } = buildDocument(parts({ secured, routes: [route] })) as any
      const { security, responses } = paths['/x/{id}'].get
      return [security, Object.keys(responses)]
    }
    expect(describe(false, documented('required'))).toEqual([undefined, ['200', '400']])
    expect(describe(true, documented('none'))).toEqual([undefined, ['200', '400']])
    expect(describe(true, documented('required', true))).toEqual([
      [{ bearerAuth: [] }],
      ['200', '400', '401', '403'],
    ])
    expect(describe(true, documented('optional'))).toEqual([
      [{ bearerAuth: [] }, {}],
      ['200', '400'],
    ])
  })

  test('gives patterns that differ by type alone one path', () => {
    const routes = ['/u/{id:int}', '/u/{id}'].map(source => {
      const pattern = parsePattern(source)
      return {
        method: 'GET',
        pattern,
        operation: toOperation(pattern, { summary: source }),
        auth: 'none' as const,
        restricted: false,
      }
    })
    expect((buildDocument(parts({ routes })) as any).paths['/u/{id}'].get.summary).toBe('/u/{id:int}')
  })

  test('gives patterns that differ by names alone one path, by the first names', () => {
    const routes = [
      ['GET', '/u/{id:int}/{x}'],
      ['DELETE', '/u/{name}/{y}'],
    ].map(([method, source]) => {
      const pattern = parsePattern(source!)
      return {
        method: method!,
        pattern,
        operation: toOperation(pattern),
        auth: 'none' as const,
        restricted: false,
      }
    })
    const { paths } = buildDocument(parts({ routes })) as any
    expect(Object.keys(paths)).toEqual(['/u/{id}/{x}'])
    expect(paths['/u/{id}/{x}'].delete.parameters.map((parameter: any) => parameter.name)).toEqual([
      'id',
      'x',
    ])
  })
})

import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HTTP_UPLOAD } from '@unisock/plugin-http/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { REST_ADD_ROUTE, REST_DOCS_PATH } from '../src/index.ts'
import type { AnyRoute } from '../src/route.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'unisock-rest-upload-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const photo: AnyRoute = {
  method: 'POST',
  pattern: '/photos/{id:int}',
  openapi: {
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: {
            type: 'object',
            required: ['photo', 'title'],
            additionalProperties: false,
            properties: {
              photo: { type: 'string', format: 'binary' },
              more: { type: 'array', items: { type: 'string', format: 'binary' } },
              title: { type: 'string', minLength: 2 },
              stars: { type: 'integer', default: 3 },
              tags: { type: 'array', items: { type: 'string' } },
            },
          },
        },
      },
    },
  },
  handler: async request => ({
    id: request.path_params.id,
    body: request.body,
    files: await Promise.all(
      request.files.map(async ({ name, filename, size, path }) => [
        name,
        filename,
        size,
        await readFile(path, 'utf8'),
      ]),
    ),
  }),
}

type Named = [filename: string, content: string]

function form(parts: Record<string, string | Named | Named[]>): FormData {
  const data = new FormData()
  const isNamed = (value: Named | Named[]): value is Named => typeof value[0] === 'string'
  for (const [name, value] of Object.entries(parts)) {
    if (typeof value === 'string') data.append(name, value)
    else
      for (const [filename, content] of isNamed(value) ? [value] : value)
        data.append(name, new File([content], filename))
  }
  return data
}

describe.each(ISOLATIONS)('in a %s', isolation => {
  test('a form has its fields as the body, coerced, and its files beside it', async () => {
    await using kernel = await TestKernel.start(isolation)
    await using server = await kernel.routes({ ...photo, upload: { dir } })
    const { status, body } = await server.fetch('/photos/7', {
      method: 'POST',
      body: form({ photo: ['a.jpg', 'jpeg'], title: 'sun', more: [['b', 'bb']], tags: 'one' }),
    })
    expect([status, body]).toEqual([
      200,
      {
        id: 7,
        body: { title: 'sun', stars: 3, tags: ['one'] },
        files: [
          ['photo', 'a.jpg', 4, 'jpeg'],
          ['more', 'b', 2, 'bb'],
        ],
      },
    ])
    await until(() => readdirSync(dir).length === 0)
  })
})

test.each([
  ['without its file', { title: 'sun' }, '/photo'],
  ['with a faulty field', { photo: ['a', 'b'] as [string, string], title: 'x' }, '/title'],
  [
    'with a file that is not described',
    { photo: ['a', 'b'] as [string, string], title: 'xx', y: ['c', 'd'] as [string, string] },
    '/y',
  ],
])('a form %s is 400 and leaves no file', async (_title, parts, path) => {
  await using kernel = await TestKernel.start('inline')
  await using server = await kernel.routes({ ...photo, upload: { dir } })
  const { status, body } = await server.fetch('/photos/7', { method: 'POST', body: form(parts) })
  expect([status, body.errors[0].path]).toEqual([400, path])
  await until(() => readdirSync(dir).length === 0)
})

test('the listener says for routes that do not, and a route may refuse', async () => {
  await using kernel = await TestKernel.start('inline')
  const count: AnyRoute = {
    method: 'POST',
    pattern: '/count',
    handler: request => ({ files: request.files.length }),
  }
  await using server = await kernel.serve(api => {
    void kernel.kernel.setOption(api, HTTP_UPLOAD, { dir })
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, count)
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, { ...count, pattern: '/none', upload: false })
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, {
      ...count,
      pattern: '/one',
      upload: { dir, limits: { files: 1 } },
    })
  })
  const two = () => form({ a: ['1', 'x'], b: ['2', 'y'] })
  const post = (path: string, body: FormData) => server.fetch(path, { method: 'POST', body })
  expect((await post('/count', two())).body).toEqual({ files: 2 })
  expect((await post('/none', two())).status).toBe(415)
  expect((await post('/one', two())).status).toBe(413)
  expect((await post('/one', form({ a: ['1', 'x'] }))).body).toEqual({ files: 1 })
})

test('a field __proto__ is refused in forms as it is in JSON', async () => {
  await using kernel = await TestKernel.start('inline')
  const own: unknown[] = []
  const route = (pattern: string, onInvalid: 'reject' | 'pass'): AnyRoute => ({
    method: 'POST',
    pattern,
    onInvalid,
    upload: { dir },
    openapi: { requestBody: { content: { '*/*': {} } } },
    handler: request => own.push(request.body),
  })
  await using server = await kernel.routes(route('/x', 'reject'), route('/passed', 'pass'))
  const files = () => {
    const body = form({ a: ['1', 'x'] })
    for (const value of ['b', 'c']) body.append('__proto__', value)
    body.append('d', 'e')
    return body
  }
  const plain = () => new URLSearchParams('__proto__=b&__proto__=c&d=e')
  for (const body of [files, plain]) {
    const refused = await server.fetch('/x', { method: 'POST', body: body() })
    expect([refused.status, refused.body.errors]).toEqual([
      400,
      [{ in: 'body', path: '', message: 'has the key __proto__' }],
    ])
    expect((await server.fetch('/passed', { method: 'POST', body: body() })).status).toBe(200)
  }
  expect(own).toEqual([{ d: 'e' }, { d: 'e' }])
  await until(() => readdirSync(dir).length === 0)
})

test('parts come as a stream', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await kernel.routes({
    method: 'POST',
    pattern: '/parts',
    upload: { mode: 'stream' },
    handler: async request => {
      const parts: unknown[] = []
      for await (const { name, filename, body } of request.parts!) {
        let text = ''
        for await (const chunk of body) text += chunk
        parts.push([name, filename ?? null, text])
      }
      return { parts, body: request.body ?? null }
    },
  })
  const { body } = await server.fetch('/parts', {
    method: 'POST',
    body: form({ a: 'b', f: ['n', 'content'] }),
  })
  expect(body).toEqual({
    parts: [
      ['a', null, 'b'],
      ['f', 'n', 'content'],
    ],
    body: null,
  })
})

test('a folder that cannot be is refused with its route', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await kernel.routes()
  const set = (upload: AnyRoute['upload']) =>
    kernel.kernel.setOption(server.api, REST_ADD_ROUTE, { ...photo, upload: upload! })
  await expect(set({ dir: 'relative' })).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(set({ dir: '/dev/null/x' })).rejects.toMatchObject({ code: 'EINVAL' })
})

test('a form is documented as it is described', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await kernel.serve(api => {
    void kernel.kernel.setOption(api, REST_DOCS_PATH, '/docs')
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, { ...photo, upload: { dir } })
  })
  const { paths } = (await server.fetch('/docs/json')).body
  expect(Object.keys(paths['/photos/{id}'].post.requestBody.content)).toEqual(['multipart/form-data'])
})

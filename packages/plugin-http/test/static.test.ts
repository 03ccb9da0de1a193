import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { constants } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Lookup } from '../src/core/static/lookup.ts'
import { OpenFiles } from '../src/core/static/open-files.ts'
import {
  APACHE_STATIC_HANDOFF,
  HTTP_COMPRESSION,
  HTTP_HEADERS,
  HTTP_STATIC,
  HTTP_TIMEOUT,
  HTTP2_ENABLE,
  type StaticFiles,
} from '../src/index.ts'
import { H2Client } from './support/h2.ts'
import { open, plain } from './support/http-client.ts'
import { httpKernel, ISOLATIONS, serving } from './support/kernel.ts'
import { RawClient } from './support/raw-client.ts'
import { get } from './support/server.ts'

const MODIFIED = new Date('2020-01-02T03:04:05Z')
const SCRIPT = 'console.log("a script that is long enough");\n'.repeat(50)
let folder: string
let root: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unisock-static-'))
  root = join(folder, 'public')
  await mkdir(join(root, 'sub', 'evil'), { recursive: true })
  await mkdir(join(root, '.git'))
  const files: Record<string, string | Buffer> = {
    'index.html': '<h1>home</h1>',
    'about.html': '<h1>about</h1>',
    'sub/index.html': '<h1>sub</h1>',
    'app.js': SCRIPT,
    'app.js.br': brotliCompressSync(SCRIPT),
    'app.js.gz': gzipSync(SCRIPT),
    'digits.txt': '0123456789',
    'a b.txt': 'space',
    'empty.txt': '',
    '.env': 'SECRET=1',
    '.git/config': 'secret',
    'big.bin': Buffer.alloc(20_000_000, 'x'),
    '../secret.txt': 'secret',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content)
  await symlink(join(folder, 'secret.txt'), join(root, 'out.txt'))
  await symlink(join(root, 'digits.txt'), join(root, 'in.txt'))
  await symlink(folder, join(root, 'up'))
  await symlink('loop', join(root, 'loop'))
  await promisify(execFile)('mkfifo', [join(root, 'pipe')])
  await utimes(join(root, 'digits.txt'), MODIFIED, MODIFIED)
})
afterAll(() => rm(folder, { recursive: true }))

async function hosting(
  files: Partial<StaticFiles> | StaticFiles[],
  options: readonly (readonly [any, unknown])[] = [],
  isolation: (typeof ISOLATIONS)[number] = 'inline',
) {
  const kernel = await httpKernel(isolation)
  const asked: string[] = []
  const { url, server } = await serving(
    kernel,
    {
      message(fd, request) {
        asked.push(request.path)
        kernel.write(fd, 'the program')
      },
    },
    [[HTTP_STATIC, Array.isArray(files) ? files : { root, ...files }], ...options],
  )
  return { kernel, url, server, asked, [Symbol.asyncDispose]: () => kernel.close() }
}

/** Files below a folder that this process has open. */
async function openBelow(path: string): Promise<number> {
  let count = 0
  for (const fd of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${fd}`).catch(() => '')
    if (target.startsWith(path)) count++
  }
  return count
}

test.each(ISOLATIONS)('files are served without asking the program, over %s', async isolation => {
  await using site = await hosting({ path: '/assets', maxAge: 60, immutable: true }, [], isolation)
  const { status, headers, body } = await plain(`${site.url}/assets/digits.txt?v=1`)
  expect(status).toBe(200)
  expect(body.toString()).toBe('0123456789')
  expect(headers).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'content-length': '10',
    'cache-control': 'public, max-age=60, immutable',
    'last-modified': MODIFIED.toUTCString(),
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
  })
  expect(headers.etag).toMatch(/^"[\w-]+"$/)
  expect((await plain(`${site.url}/assets/big.bin`)).body).toHaveLength(20_000_000)
  expect((await plain(`${site.url}/other`)).body.toString()).toBe('the program')
  expect(site.asked).toEqual(['/other'])
})

describe('a folder', () => {
  test.each<[string, number, string]>([
    ['/', 200, '<h1>home</h1>'],
    ['/sub/', 200, '<h1>sub</h1>'],
    ['/about', 200, '<h1>about</h1>'],
    ['/a%20b.txt', 200, 'space'],
    ['/empty.txt', 200, ''],
    ['/in.txt', 200, '0123456789'],
    ['/sub/../digits.txt', 200, '0123456789'],
  ])('%s is %i', async (path, status, body) => {
    await using site = await hosting({ extensions: ['html'] })
    const answer = await plain(site.url, { path })
    expect(answer.status).toBe(status)
    expect(answer.body.toString()).toBe(body)
  })

  test.each<[string, number]>([
    ['/../secret.txt', 403],
    ['/%2e%2e/secret.txt', 403],
    ['/..%2fsecret.txt', 403],
    ['/sub/..%2f..%2fsecret.txt', 403],
    ['/%252e%252e/secret.txt', 404],
    ['/..%5csecret.txt', 400],
    ['/sub\\..\\..\\secret.txt', 400],
    ['/digits.txt%00.html', 400],
    ['/%ff', 400],
    ['/%', 400],
    ['/out.txt', 403],
    ['/up/secret.txt', 403],
    ['/.env', 404],
    ['/.git/config', 404],
    ['/%2egit/config', 404],
    ['/digits.txt/', 404],
    ['/none', 404],
    ['/loop', 404],
    ['/pipe', 404],
    [`/${'a'.repeat(300)}`, 404],
  ])('%s is %i and gives nothing away', async (path, status) => {
    await using site = await hosting({})
    const answer = await plain(site.url, { path })
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.body.toString()).not.toMatch(/secret|public|unisock/i)
    expect(site.asked).toEqual([])
    const refused = site.kernel.lines.filter(line => line.message.includes('HTTP_STATIC'))
    expect(refused).toHaveLength(status === 404 ? 0 : 1)
  })

  test('links may lead out, and dot files be served or refused, where the option says so', async () => {
    await using site = await hosting([
      { path: '/links', root, symlinks: 'allow' },
      { path: '/dots', root, dotfiles: 'allow' },
      { path: '/no', root, dotfiles: 'deny' },
    ])
    expect((await plain(`${site.url}/links/out.txt`)).body.toString()).toBe('secret')
    expect((await plain(`${site.url}/dots/.env`)).body.toString()).toBe('SECRET=1')
    expect((await plain(`${site.url}/no/.env`)).status).toBe(403)
  })

  test('its path without the slash is a redirect to it, and never one to another server', async () => {
    await using site = await hosting([
      { path: '/assets', root },
      { path: '/', root: join(root, 'sub') },
    ])
    const location = async (path: string) => {
      const { status, headers } = await plain(site.url, { path })
      expect(status).toBe(301)
      return headers.location
    }
    expect(await location('/assets')).toBe('/assets/')
    expect(await location('/assets/sub?a=1')).toBe('/assets/sub/?a=1')
    expect(await location('//evil')).toBe('/evil/')
    expect(await location('///evil')).toBe('/evil/')
    expect((await plain(site.url, { path: '/%5cevil' })).status).toBe(400)
  })

  test('other methods are a 405 that says which there are', async () => {
    await using site = await hosting({})
    const answer = await plain(`${site.url}/digits.txt`, { method: 'DELETE' })
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    const head = await plain(`${site.url}/digits.txt`, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '10' } })
  })

  test('what is not there goes to the program where the option says so', async () => {
    await using site = await hosting({ passUnfound: true })
    expect((await plain(`${site.url}/none`)).body.toString()).toBe('the program')
    expect((await plain(`${site.url}/digits.txt`, { method: 'POST' })).body.toString()).toBe('the program')
    expect((await plain(`${site.url}/digits.txt`)).body.toString()).toBe('0123456789')
    expect((await plain(site.url, { path: '/../secret.txt' })).status).toBe(403)
  })

  test('a single-page application has its page for every page, and not for files', async () => {
    await using site = await hosting({ fallback: 'index.html' })
    const page = await plain(`${site.url}/users/12?tab=1`)
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(page.body.toString()).toBe('<h1>home</h1>')
    expect((await plain(`${site.url}/users/none.js`)).status).toBe(404)
  })

  test('files that lie there compressed are sent to clients that take them', async () => {
    await using site = await hosting({ precompressed: ['br', 'gzip', 'zstd'] }, [
      [HTTP_COMPRESSION, true],
      [HTTP_HEADERS, { Vary: 'Origin' }],
    ])
    const ask = (coding?: string) =>
      plain(`${site.url}/app.js`, coding === undefined ? {} : { headers: { 'Accept-Encoding': coding } })
    const br = await ask('gzip, br')
    expect(br.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Origin, Accept-Encoding' })
    expect(br.headers['content-type']).toMatch(/^(text|application)\/javascript/)
    expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT)
    expect(gunzipSync((await ask('gzip')).body).toString()).toBe(SCRIPT)
    expect(gunzipSync((await ask('zstd, gzip;q=0.5')).body).toString()).toBe(SCRIPT)
    const own = await ask()
    expect(own.headers.vary).toBe('Origin, Accept-Encoding')
    expect(own.headers['content-encoding']).toBeUndefined()
    expect(own.headers.etag).not.toBe(br.headers.etag)
  })

  test('others are compressed on their way where HTTP_COMPRESSION is set', async () => {
    await using site = await hosting({}, [[HTTP_COMPRESSION, true]])
    const { headers, body } = await plain(`${site.url}/app.js`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(headers['content-encoding']).toBe('gzip')
    expect(headers.etag).toMatch(/^W\//)
    expect(gunzipSync(body).toString()).toBe(SCRIPT)
  })

  test('HTTP_HEADERS are on files, and what changes while it listens is in force', async () => {
    await using site = await hosting({ etag: false }, [[HTTP_HEADERS, { 'X-A': '1' }]])
    const { headers } = await plain(`${site.url}/digits.txt`)
    expect(headers['x-a']).toBe('1')
    expect(headers.etag).toBeUndefined()
    await site.kernel.setOption(site.server, HTTP_STATIC, [])
    expect((await plain(`${site.url}/digits.txt`)).body.toString()).toBe('the program')
  })

  test.each([
    { root: '' },
    { path: 'assets', root: '/' },
    { path: '/a?b', root: '/' },
    { path: '/%2e%2e', root: '/' },
    { root: '/', listing: true },
    { root: '/', maxAge: -1 },
  ])('%j is refused', async files => {
    await using kernel = await httpKernel('inline')
    const { server } = await serving(kernel, {})
    await expect(kernel.setOption(server, HTTP_STATIC, files as any)).rejects.toMatchObject({
      code: 'EINVAL',
    })
  })
})

describe('a request for a file', () => {
  test('with conditions, and for parts', async () => {
    await using site = await hosting({})
    const ask = (headers: Record<string, string>) => plain(`${site.url}/digits.txt`, { headers })
    const { etag } = (await ask({})).headers
    expect((await ask({ 'If-None-Match': etag! })).status).toBe(304)
    expect((await ask({ 'If-Modified-Since': MODIFIED.toUTCString() })).status).toBe(304)
    expect((await ask({ 'If-Match': '"other"' })).status).toBe(412)
    const part = await ask({ Range: 'bytes=2-4', 'If-Range': etag! })
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 2-4/10' } })
    expect(part.body.toString()).toBe('234')
    expect((await ask({ Range: 'bytes=2-4', 'If-Range': '"other"' })).status).toBe(200)
    expect(await ask({ Range: 'bytes=10-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
    })
    const parts = await ask({ Range: 'bytes=0-1,-2' })
    expect(parts.headers['content-type']).toMatch(/^multipart\/byteranges/)
    expect(parts.headers['content-length']).toBe(String(parts.body.length))
    expect(parts.body.toString()).toMatch(/\r\n\r\n01\r\n--.*\r\n\r\n89\r\n--/s)
  })

  test('a client that leaves has its file closed', async () => {
    await using site = await hosting({})
    const response = await open(`${site.url}/big.bin`)
    await once(response, 'readable')
    expect(await openBelow(root)).toBe(1)
    response.destroy()
    await vi.waitUntil(async () => (await openBelow(root)) === 0)
    expect(site.kernel.lines.filter(line => line.level === 'error')).toEqual([])
  })

  test('for many parts of a large one', async () => {
    await using site = await hosting({})
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const ranges = Array.from({ length: 30 }, (_, i) => `${i * 10}-${i * 10 + 4}`)
    const { status, headers, body } = await plain(`${site.url}/big.bin`, {
      headers: { Range: `bytes=${ranges.join(',')},300000-499999` },
    })
    expect([status, String(body.length)]).toEqual([206, headers['content-length']])
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  test('a client that takes nothing is dropped after HTTP_TIMEOUT, and its file closed', async () => {
    await using site = await hosting({}, [[HTTP_TIMEOUT, 100]])
    using client = await RawClient.connect(Number(new URL(site.url).port))
    client.socket.pause()
    client.send(get('/big.bin'))
    await vi.waitUntil(async () => (await openBelow(root)) === 1)
    await vi.waitUntil(async () => (await openBelow(root)) === 0, { timeout: 10_000 })
    client.socket.resume()
    const { text } = await client.ended()
    expect(text.length).toBeLessThan(20_000_000)
  })

  test('over HTTP/2', async () => {
    await using site = await hosting({}, [[HTTP2_ENABLE, true]])
    using client = await H2Client.connect(Number(new URL(site.url).port))
    expect((await client.ask({ ':path': '/big.bin' })).body).toHaveLength(20_000_000)
    const part = await client.ask({ ':path': '/digits.txt', range: 'bytes=0-1,-1' })
    expect(part).toMatchObject({ status: 206, headers: { 'accept-ranges': 'bytes' } })
    expect((await client.ask({ ':path': '/../secret.txt' })).status).toBe(403)
    const stream = client.request({ ':path': '/big.bin' })
    await once(stream, 'response')
    stream.close(constants.NGHTTP2_CANCEL)
    await vi.waitUntil(async () => (await openBelow(root)) === 0)
  })

  test('a root that was put in place of another is served', async () => {
    const at = join(folder, 'current')
    await symlink(root, at)
    await using site = await hosting({ root: at })
    expect((await plain(`${site.url}/digits.txt`)).status).toBe(200)
    await symlink(join(root, 'sub'), `${at}.new`)
    await rename(`${at}.new`, at)
    expect((await plain(site.url)).body.toString()).toBe('<h1>sub</h1>')
    expect((await plain(`${site.url}/digits.txt`)).status).toBe(404)
  })
})

test('whatever the path, what is found is below the root', async () => {
  const lookup = new Lookup({ root, extensions: ['html', 'txt'], dotfiles: 'allow', fallback: 'index.html' })
  const real = await realpath(root)
  const piece = fc.constantFrom(
    ...[
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '/',
      '%2f',
      '//',
      '%5c',
      '\\',
      '%00',
      '%25',
      'up',
      'sub',
      'evil',
      'out',
      '.txt',
    ],
    ...['secret.txt', 'digits.txt', 'public', '%c0%ae', '%u002e', ':', '~', ' ', '%20'],
  )
  let found = 0
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async pieces => {
      const file = await lookup.find(`/${pieces.join('')}`, undefined).catch(() => undefined)
      if (file?.what !== 'file') return
      found++
      expect(file.real.startsWith(`${real}/`)).toBe(true)
    }),
    { numRuns: 2000 },
  )
  expect(found).toBeGreaterThan(0)
})

test('no more files are open at once than allowed, and no more requests wait for that', async () => {
  const files = new OpenFiles(2, 1)
  await files.enter()
  await files.enter()
  let entered = false
  const third = files.enter()!.then(() => {
    entered = true
  })
  expect(files.enter()).toBeUndefined()
  await Promise.resolve()
  expect(entered).toBe(false)
  files.leave()
  await third
  files.leave()
  files.leave()
  expect(files.open).toBe(0)
})

test('a client that leaves while it is sent the file of a reply is no failure', async () => {
  await using kernel = await httpKernel('inline')
  const { url } = await serving(kernel, { message: fd => void kernel.write(fd, { file: 'big.bin' }) }, [
    [APACHE_STATIC_HANDOFF, { header: 'X-Sendfile', root }],
  ])
  const response = await open(url)
  await once(response, 'readable')
  response.destroy()
  await vi.waitUntil(async () => (await openBelow(root)) === 0)
  await new Promise(setImmediate)
  expect(kernel.lines.filter(line => line.level === 'error')).toEqual([])
})

test('a reply that names a file has validators and parts too', async () => {
  await using kernel = await httpKernel('inline')
  const { url } = await serving(
    kernel,
    {
      message: fd => void kernel.write(fd, { file: 'digits.txt', headers: { 'Content-Type': 'text/plain' } }),
    },
    [[APACHE_STATIC_HANDOFF, { header: 'X-Sendfile', root }]],
  )
  const { headers } = await plain(url)
  expect(headers['last-modified']).toBe(MODIFIED.toUTCString())
  expect((await plain(url, { headers: { 'If-None-Match': headers.etag! } })).status).toBe(304)
  const part = await plain(url, { headers: { Range: 'bytes=-3' } })
  expect(part).toMatchObject({ status: 206, body: Buffer.from('789') })
})

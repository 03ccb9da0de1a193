/** The access log beside Apache's own, of the same requests. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKernel } from '@unisock/kernel'
import {
  APACHE_AUTH_PASSTHROUGH,
  APACHE_CONFIG,
  APACHE_FASTCGI_ENABLE,
  APACHE_PROXY_ENABLE,
  HTTP_ACCESS_LOG,
  HTTP_SERVER,
  http,
} from '@unisock/plugin-http'
import { describe, expect, test } from 'vitest'
import { LogFolder } from '../packages/plugin-http/test/support/log-file.ts'
import { memoryLogger } from './support/memory-logger.ts'
import { findProgram } from './support/programs.ts'
import { ALICE, WebServer } from './support/web-server.ts'

const apache = findProgram('apache2')
const FORMATS = {
  common: String.raw`%h %l %u %t \"%r\" %>s %b`,
  combined: String.raw`%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\"`,
}
const REQUESTS = [
  ['GET', '/plain', {}],
  ['GET', '/a?b=c&d=%20', { 'User-Agent': 'test/1.0 (x; y)', Referer: 'http://a/b?c' }],
  ['GET', '/"quotes"', { 'User-Agent': 'a "quote" and \\ back', Referer: 'tab\there \xe9\xff' }],
  ['HEAD', '/head', {}],
  ['POST', '/empty', {}],
  ['DELETE', '/missing', { 'User-Agent': '' }],
] as const

describe.skipIf(apache === undefined)('beside Apache', () => {
  test.each([
    ['common', false],
    ['combined', false],
    ['combined', true],
  ] as const)('%s lines are the same, FastCGI: %s', { timeout: 60_000 }, async (format, fastCgi) => {
    using log = new LogFolder()
    await using kernel = await createKernel({
      plugins: [http({ isolation: 'inline' })],
      logger: memoryLogger(),
    })
    const fd = kernel.create(HTTP_SERVER, (exchange, { path }) => {
      const status = path === '/empty' ? 204 : path === '/missing' ? 404 : 200
      kernel.write(exchange, { status, ...(status !== 204 && { body: `this is ${path}` }) })
    })
    void kernel.setOption(fd, APACHE_PROXY_ENABLE, true)
    void kernel.setOption(fd, APACHE_AUTH_PASSTHROUGH, { source: fastCgi ? 'fastcgi' : 'header' })
    void kernel.setOption(fd, APACHE_FASTCGI_ENABLE, fastCgi)
    void kernel.setOption(fd, HTTP_ACCESS_LOG, { format, file: log.path })
    await kernel.bind(fd, 0)
    await kernel.listen(fd)
    const config = (await kernel.query(fd, APACHE_CONFIG))!
    await using web = await WebServer.start('apache', apache!, {
      config,
      password: true,
      before: `CustomLog "access.log" "${FORMATS[format]}"`,
    })
    for (const [method, path, headers] of REQUESTS)
      await web.ask(path, { method, headers: { ...headers, Authorization: ALICE } })
    const ours = await log.written(REQUESTS.length)
    const theirs = async () => (await readFile(join(web.folder, 'access.log'), 'utf8')).trim().split('\n')
    await expect.poll(async () => (await theirs()).length).toBe(REQUESTS.length)
    expect(withoutTime(ours)).toEqual(withoutTime(await theirs()))
    const zones = [...ours, ...(await theirs())].map(line => / ([+-]\d{4})\] /.exec(line)![1])
    expect(new Set(zones).size).toBe(1)
  })
})

/** A request may have reached them in two seconds. */
function withoutTime(lines: readonly string[]): string[] {
  return lines.map(line => line.replace(/\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]/, '[time]'))
}

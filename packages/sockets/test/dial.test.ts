import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { findProgram } from '../../../test/support/programs.ts'
import { connect, DNSError, dnsBackend, HostResolver, hostResolver, listen } from '../src/index.ts'
import { DnsServer } from './support/dns-server.ts'
import { portOf } from './support/resources.ts'

const python = findProgram('python3')

/** A port whose queue of connections is full: it neither accepts nor refuses another. */
const DEAF = `
import socket, sys
listening = socket.socket()
listening.bind(('127.0.0.1', 0))
listening.listen(0)
filling = [socket.socket() for _ in range(3)]
for one in filling:
    one.setblocking(False)
    one.connect_ex(listening.getsockname())
print(listening.getsockname()[1], flush=True)
sys.stdin.read()
`

async function deafPort(program: string): Promise<AsyncDisposable & { port: number }> {
  const child = spawn(program, ['-c', DEAF], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  return {
    port: Number(line),
    async [Symbol.asyncDispose]() {
      child.kill()
      await exited
    },
  }
}

describe('connecting by name', () => {
  test('tries the addresses in turn, and remembers which of them answered', async () => {
    await using names = await DnsServer.start({ 'two.test': { addresses: ['127.0.0.9', '127.0.0.1'] } })
    const resolver = new HostResolver({ backend: dnsBackend(names.resolver()) })
    const order = async () => (await resolver.resolve('two.test')).map(String)
    await using server = await listen('127.0.0.1', 0)
    const port = portOf(server)
    await using first = await connect('two.test', port, { resolver })
    expect(String(first.getPeerName())).toBe(`127.0.0.1:${port}`)
    for (let i = 0; i < 3; i++) expect(await order()).toEqual(['127.0.0.1', '127.0.0.9'])

    server.close()
    await using moved = await listen('127.0.0.9', port)
    await using second = await connect('two.test', port, { resolver })
    expect(String(second.getPeerName())).toBe(`127.0.0.9:${portOf(moved)}`)
    for (let i = 0; i < 3; i++) expect(await order()).toEqual(['127.0.0.9', '127.0.0.1'])
    expect(names.questions.sort()).toEqual(['two.test A', 'two.test AAAA'])
  })

  test('tries all addresses of the one family asked for', async () => {
    await using names = await DnsServer.start({
      'three.test': { addresses: ['::1', '127.0.0.9', '127.0.0.1'] },
    })
    const resolver = new HostResolver({ backend: dnsBackend(names.resolver()) })
    await using server = await listen('127.0.0.1', 0)
    await using client = await connect('three.test', portOf(server), { resolver, family: 4 })
    expect(String(client.getPeerName())).toBe(`127.0.0.1:${portOf(server)}`)
    await expect(connect('three.test', portOf(server), { resolver, family: 6 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  })

  test('uses the shared resolver unless it is given another', async () => {
    await using server = await listen('127.0.0.1', 0)
    hostResolver.clear()
    const { misses, hits } = hostResolver.statistics
    for (let i = 0; i < 3; i++) {
      await using _client = await connect('localhost', portOf(server), { family: 4 })
    }
    expect(hostResolver.statistics).toMatchObject({ misses: misses + 1, hits: hits + 2 })
    const resolver = new HostResolver()
    await using _own = await connect('localhost', portOf(server), { resolver })
    await using _literal = await connect('127.0.0.1', portOf(server), { resolver })
    expect(resolver.statistics).toMatchObject({ misses: 1, hits: 0 })
    expect(hostResolver.statistics).toMatchObject({ misses: misses + 1, hits: hits + 2 })
  })

  test.each([
    ['NXDOMAIN', 'ENOTFOUND'],
    ['SERVFAIL', 'ESERVFAIL'],
  ] as const)(
    'of which the server says %s is a DNSError with its code and the host',
    async (answer, code) => {
      await using names = await DnsServer.start({ 'no.test': answer })
      const resolver = new HostResolver({ backend: dnsBackend(names.resolver()) })
      const failure = await connect('no.test', 9, { resolver, tls: {} }).catch(error => error)
      expect(failure).toBeInstanceOf(DNSError)
      expect(failure).toMatchObject({ code, host: 'no.test' })
    },
  )

  test.each(['127.1', 'a b', 'a..b', 'x'.repeat(254)])('refuses %j before it asks anybody', async host => {
    await using names = await DnsServer.start({})
    const resolver = new HostResolver({ backend: dnsBackend(names.resolver()) })
    await expect(connect(host, 9, { resolver })).rejects.toMatchObject({ code: 'ERR_INVALID_HOST' })
    expect(names.questions).toEqual([])
  })

  test.skipIf(!python)('leaves an address that does not answer for the next, and tries it last', async () => {
    await using deaf = await deafPort(python!)
    await using names = await DnsServer.start({ 'slow.test': { addresses: ['127.0.0.1', '127.0.0.9'] } })
    const resolver = new HostResolver({ backend: dnsBackend(names.resolver()) })
    await using server = await listen('127.0.0.9', deaf.port)
    await using client = await connect('slow.test', deaf.port, { resolver, attemptTimeout: 20 })
    expect(String(client.getPeerName())).toBe(`127.0.0.9:${portOf(server)}`)
    for (let i = 0; i < 3; i++)
      expect((await resolver.resolve('slow.test')).map(String)).toEqual(['127.0.0.9', '127.0.0.1'])
  })

  test.skipIf(!python)('gives up at its time limit, and counts that against the address', async () => {
    await using deaf = await deafPort(python!)
    await using names = await DnsServer.start({
      'deaf.test': { addresses: ['127.0.0.1'] },
      'both.test': { addresses: ['127.0.0.1', '127.0.0.9'] },
    })
    const resolver = new HostResolver({ backend: dnsBackend(names.resolver()) })
    await expect(connect('deaf.test', deaf.port, { resolver, timeout: 100 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      operation: 'connect',
    })
    for (let i = 0; i < 3; i++)
      expect((await resolver.resolve('both.test')).map(String)).toEqual(['127.0.0.9', '127.0.0.1'])
  })
})

import { once } from 'node:events'
import { connect, createServer, isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IPAddr, ip, parseIP } from '../src/address/index.ts'
import { balance } from '../src/dns/balance.ts'
import {
  checkHost,
  dnsBackend,
  getAddrInfo,
  getAllAddrInfo,
  getIpAddr,
  getIpAddrs,
  getNameInfo,
  HostResolver,
  type HostResolverOptions,
  hostResolver,
  isLinkLocal,
} from '../src/dns/index.ts'
import { DnsServer } from './support/dns-server.ts'

const texts = (addresses: readonly IPAddr[]): string[] => addresses.map(String)

/** A resolver on `server`, with a clock that is set by hand. */
function resolverOn(server: DnsServer, options: HostResolverOptions = {}) {
  const clock = { ms: 0 }
  const resolver = new HostResolver({
    backend: dnsBackend(server.resolver()),
    now: () => clock.ms,
    ...options,
  })
  return { resolver, clock }
}

describe('getAllAddrInfo and getAddrInfo', () => {
  it('know the names of the hosts file', async () => {
    const all = await getAllAddrInfo('localhost')
    expect(all.length).toBeGreaterThan(0)
    expect(all.every(address => address.isLoopback)).toBe(true)
    expect((await getAddrInfo('localhost')).equals(all[0]!)).toBe(true)
    expect(texts(await getAllAddrInfo('localhost', { family: 4 }))).toEqual(['127.0.0.1'])
  })

  it('take literals for their own answers', async () => {
    expect(texts(await getAllAddrInfo('192.0.2.1'))).toEqual(['192.0.2.1'])
    expect(String(await getAddrInfo('fe80::1%lo', { family: 6 }))).toBe('fe80::1%lo')
    await expect(getAddrInfo('::1', { family: 4 })).rejects.toMatchObject({
      name: 'DNSError',
      code: 'ENOTFOUND',
    })
  })

  it("fail with the resolver's code and the host", async () => {
    await expect(getAllAddrInfo('no-such-name.invalid')).rejects.toMatchObject({
      name: 'DNSError',
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
      host: 'no-such-name.invalid',
      cause: expect.any(Error),
    })
  })

  it('refuse what is no host name', async () => {
    await expect(getAllAddrInfo('a b')).rejects.toMatchObject({ code: 'ERR_INVALID_HOST' })
    await expect(getAddrInfo('127.1')).rejects.toMatchObject({ code: 'ERR_INVALID_HOST' })
  })
})

describe('checkHost', () => {
  it.each([
    'localhost',
    'example.org',
    'example.org.',
    'a_b.example',
    'bücher.example',
    'xn--bcher-kva.example',
    '1and1.de',
    `${'a'.repeat(63)}.b`,
  ])('takes %s', host => {
    expect(() => checkHost(host)).not.toThrow()
  })

  it.each([
    '',
    '.',
    'a..b',
    '.a',
    'a\0b',
    'a b',
    'a\tb',
    'a\nb',
    'host:80',
    '[::1]',
    'user@host',
    'a/b',
    '%61',
    '127.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '1.2.3.4.',
    'a'.repeat(64),
    'a.'.repeat(128),
    undefined,
    5,
  ])('refuses %j', host => {
    expect(() => checkHost(host as string)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_HOST' }))
  })

  it('never shows more than the beginning of a long name', () => {
    expect(() => checkHost('x'.repeat(1e6))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,200}$/) }),
    )
  })
})

describe('getNameInfo', () => {
  it('gives the name of an address', async () => {
    expect(await getNameInfo(ip`127.0.0.1`)).toMatch(/\w/)
    expect(await getNameInfo('127.0.0.1')).toBe(await getNameInfo(ip`127.0.0.1`))
  })

  it('fails for an address without a name, and for what is no address', async () => {
    await expect(getNameInfo('192.0.2.123')).rejects.toMatchObject({
      name: 'DNSError',
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
      host: '192.0.2.123',
      operation: 'getNameInfo',
    })
    await expect(getNameInfo('localhost')).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
  })
})

describe('getIpAddrs and getIpAddr', () => {
  it("give the addresses of the machine's interfaces, IPv4 first, loopback when asked for", () => {
    const entries = Object.values(networkInterfaces()).flatMap(list => list ?? [])
    const all = getIpAddrs({ loopback: true })
    expect(
      texts(all)
        .map(text => text.split('%')[0])
        .sort(),
    ).toEqual(entries.map(it => it.address).sort())
    expect(all.map(it => it.family)).toEqual(all.map(it => it.family).sort())
    expect(getIpAddrs().some(it => it.isLoopback)).toBe(false)
    expect(getIpAddrs({ family: 4, loopback: true }).every(it => it.family === 4)).toBe(true)
    expect(getIpAddrs({ family: 6, loopback: true }).every(it => it.family === 6)).toBe(true)
  })

  it('give link-local IPv6 addresses their zone', () => {
    for (const address of getIpAddrs({ family: 6 }))
      if (address.family === 6) expect(address.zone !== '').toBe(address.isLinkLocal)
  })

  it('give the first address, or say that there is none', () => {
    const [first] = getIpAddrs()
    if (first === undefined)
      expect(() => getIpAddr()).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
    else expect(getIpAddr().equals(first)).toBe(true)
  })

  it('tell link-local addresses', () => {
    expect(isLinkLocal('169.254.1.1')).toBe(true)
    expect(isLinkLocal(ip`fe80::1%lo`)).toBe(true)
    expect(isLinkLocal('10.0.0.1')).toBe(false)
    expect(() => isLinkLocal('localhost')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }))
  })
})

describe('balance', () => {
  const four = fc.integer({ min: 1, max: 9 }).map(n => parseIP(`10.0.0.${n}`))
  const six = fc.integer({ min: 1, max: 9 }).map(n => parseIP(`fd00::${n}`))
  const list = fc.uniqueArray(fc.oneof(four, six), { selector: String, maxLength: 12 })

  it('loses no address and adds none', () => {
    fc.assert(
      fc.property(list, fc.nat(100), fc.func(fc.boolean()), (addresses, turn, failing) => {
        expect(texts(balance(addresses, turn, failing)).sort()).toEqual(texts(addresses).sort())
      }),
    )
  })

  it('lets families take turns, beginning with the first', () => {
    fc.assert(
      fc.property(list, fc.nat(100), (addresses, turn) => {
        const families = balance(addresses, turn, () => false).map(it => it.family)
        if (families.length > 0) expect(families[0]).toBe(addresses[0]!.family)
        const both =
          2 * Math.min(families.filter(it => it === 4).length, families.filter(it => it === 6).length)
        for (let i = 1; i < both; i++) expect(families[i]).not.toBe(families[i - 1])
      }),
    )
  })

  it('puts failing addresses after all others', () => {
    fc.assert(
      fc.property(list, fc.nat(100), (addresses, turn) => {
        const failing = (address: IPAddr): boolean =>
          String(address).endsWith('1') || String(address).endsWith('2')
        const states = balance(addresses, turn, failing).map(failing)
        expect(states).toEqual([...states].sort())
      }),
    )
  })
})

describe('HostResolver', () => {
  it('asks a server once and keeps the answer for its TTL', async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1'], ttl: 10 } })
    const { resolver, clock } = resolverOn(server)
    expect(texts(await resolver.resolve('a.test'))).toEqual(['192.0.2.1'])
    clock.ms = 9_999
    expect(texts(await resolver.resolve('A.TEST'))).toEqual(['192.0.2.1'])
    expect(server.questions.toSorted()).toEqual(['a.test A', 'a.test AAAA'])
    server.names['a.test'] = { addresses: ['192.0.2.2'], ttl: 10 }
    clock.ms = 10_000
    expect(texts(await resolver.resolve('a.test'))).toEqual(['192.0.2.2'])
    expect(resolver.statistics).toMatchObject({ entries: 1, hits: 1, misses: 2 })
  })

  it('keeps an answer no longer than its own limit', async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1'], ttl: 3600 } })
    const { resolver, clock } = resolverOn(server, { ttl: 5 })
    await resolver.resolve('a.test')
    clock.ms = 5_000
    await resolver.resolve('a.test')
    expect(resolver.statistics.misses).toBe(2)
  })

  it('keeps nothing with a TTL of 0', async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1'], ttl: 0 } })
    const { resolver } = resolverOn(server)
    await resolver.resolve('a.test')
    await resolver.resolve('a.test')
    expect(resolver.statistics).toMatchObject({ entries: 0, misses: 2, hits: 0 })
  })

  it('asks for one family where one is wanted', async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1', '2001:db8::1'] } })
    const { resolver } = resolverOn(server)
    expect(texts(await resolver.resolve('a.test', { family: 6 }))).toEqual(['2001:db8::1'])
    expect(texts(await resolver.resolve('a.test', { family: 4 }))).toEqual(['192.0.2.1'])
    expect(server.questions).toEqual(['a.test AAAA', 'a.test A'])
  })

  it('remembers for a while that a name does not exist', async () => {
    await using server = await DnsServer.start({ 'empty.test': { addresses: [] } })
    const { resolver, clock } = resolverOn(server, { negativeTtl: 2 })
    await expect(resolver.resolve('gone.test')).rejects.toMatchObject({
      code: 'ENOTFOUND',
      host: 'gone.test',
    })
    await expect(resolver.resolve('empty.test')).rejects.toMatchObject({ code: 'ENODATA' })
    const asked = server.questions.length
    const errors = await Promise.allSettled([resolver.resolve('gone.test'), resolver.resolve('gone.test')])
    expect(server.questions.length).toBe(asked)
    expect(resolver.statistics.negativeHits).toBe(2)
    const [first, second] = errors.map(it => (it as PromiseRejectedResult).reason)
    expect(first).not.toBe(second)
    server.names['gone.test'] = { addresses: ['192.0.2.1'] }
    clock.ms = 2_000
    expect(texts(await resolver.resolve('gone.test'))).toEqual(['192.0.2.1'])
  })

  it('asks again after a failure of the server', async () => {
    await using server = await DnsServer.start({ 'a.test': 'SERVFAIL' })
    const { resolver } = resolverOn(server)
    await expect(resolver.resolve('a.test')).rejects.toMatchObject({ name: 'DNSError', code: 'ESERVFAIL' })
    server.names['a.test'] = { addresses: ['192.0.2.1'] }
    expect(texts(await resolver.resolve('a.test'))).toEqual(['192.0.2.1'])
  })

  it('fails when no server answers', async () => {
    await using server = await DnsServer.start({ 'b.test': 'silent' })
    const resolver = new HostResolver({ backend: dnsBackend(server.resolver(100)) })
    await expect(resolver.resolve('b.test', { family: 4 })).rejects.toMatchObject({
      code: 'ETIMEOUT',
      host: 'b.test',
    })
  })

  it('makes one question of many at the same time', async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1'] } })
    const { resolver } = resolverOn(server)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => resolver.resolve('a.test', { family: 4 })),
    )
    expect(answers.flatMap(texts)).toEqual(new Array(20).fill('192.0.2.1'))
    expect(server.questions).toEqual(['a.test A'])
    expect(resolver.statistics).toMatchObject({ misses: 1, shared: 19 })
  })

  it('shares a failure as well', async () => {
    await using server = await DnsServer.start({ 'a.test': 'SERVFAIL' })
    const { resolver } = resolverOn(server)
    const outcomes = await Promise.allSettled([
      resolver.resolve('a.test', { family: 4 }),
      resolver.resolve('a.test', { family: 4 }),
    ])
    expect(outcomes.map(it => (it as PromiseRejectedResult).reason.code)).toEqual(['ESERVFAIL', 'ESERVFAIL'])
    expect(server.questions).toEqual(['a.test A'])
  })

  it('rotates within a family and lets families take turns', async () => {
    const addresses = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']
    await using server = await DnsServer.start({ 'a.test': { addresses } })
    const { resolver } = resolverOn(server)
    const firsts = new Set<string>()
    for (let i = 0; i < 2; i++) {
      const order = await resolver.resolve('a.test')
      expect(order.map(it => it.family)).toEqual([6, 4, 6, 4])
      firsts.add(String(order[0]))
    }
    expect([...firsts].sort()).toEqual(['2001:db8::1', '2001:db8::2'])
  })

  it('puts an address that failed last until it is well or the time is over', async () => {
    await using server = await DnsServer.start({
      'a.test': { addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] },
    })
    const { resolver, clock } = resolverOn(server, { failureTtl: 20 })
    const lasts = async (): Promise<Set<string>> => {
      const found = new Set<string>()
      for (let i = 0; i < 6; i++) found.add(String((await resolver.resolve('a.test', { family: 4 })).at(-1)))
      return found
    }
    expect((await lasts()).size).toBe(3)
    resolver.recordFailure(ip`192.0.2.2`)
    expect(await lasts()).toEqual(new Set(['192.0.2.2']))
    resolver.recordSuccess('192.0.2.2')
    expect((await lasts()).size).toBe(3)
    resolver.recordFailure('192.0.2.1')
    expect(await lasts()).toEqual(new Set(['192.0.2.1']))
    clock.ms = 20_000
    expect((await lasts()).size).toBe(3)
  })

  it('keeps a bounded number of answers: what was not used for longest goes', async () => {
    await using server = await DnsServer.start(
      Object.fromEntries(['a', 'b', 'c'].map(name => [`${name}.test`, { addresses: ['192.0.2.1'] }])),
    )
    const { resolver } = resolverOn(server, { maxEntries: 2 })
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await resolver.resolve(`${name}.test`, { family: 4 })
    expect(server.questions).toEqual(['a.test A', 'b.test A', 'c.test A', 'b.test A'])
    expect(resolver.statistics).toEqual({
      entries: 2,
      hits: 2,
      negativeHits: 0,
      misses: 4,
      shared: 0,
      evictions: 2,
    })
  })

  it('forgets everything by clear(), answers under way included', async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1'] } })
    const { resolver } = resolverOn(server)
    const { promise, resolve: open } = Promise.withResolvers<void>()
    server.gate = promise
    const pending = resolver.resolve('a.test', { family: 4 })
    resolver.clear()
    open()
    expect(texts(await pending)).toEqual(['192.0.2.1'])
    expect(resolver.statistics.entries).toBe(0)
    await resolver.resolve('a.test', { family: 4 })
    expect(resolver.statistics).toMatchObject({ entries: 1, misses: 2 })
  })

  it('asks no server for literals, localhost and what is no name', async () => {
    await using server = await DnsServer.start({})
    const { resolver } = resolverOn(server)
    expect(texts(await resolver.resolve('::1'))).toEqual(['::1'])
    expect(texts(await resolver.resolve('LocalHost.'))).toEqual(['::1', '127.0.0.1'])
    expect(texts(await resolver.resolve('game.localhost', { family: 4 }))).toEqual(['127.0.0.1'])
    await expect(resolver.resolve('a b')).rejects.toMatchObject({ code: 'ERR_INVALID_HOST' })
    await expect(resolver.resolve('127.0.0.1', { family: 6 })).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(server.questions).toEqual([])
  })

  it('takes an empty answer of a backend for no data', async () => {
    const resolver = new HostResolver({ backend: async () => ({ addresses: [] }) })
    await expect(resolver.resolve('a.test')).rejects.toMatchObject({ name: 'DNSError', code: 'ENODATA' })
  })

  it('refuses settings that make no sense', () => {
    for (const options of [
      { ttl: -1 },
      { negativeTtl: Number.NaN },
      { failureTtl: -5 },
      { maxEntries: 0 },
      { maxEntries: 1.5 },
    ])
      expect(() => new HostResolver(options)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  it('is shared, on the system resolver', async () => {
    expect(texts(await hostResolver.resolve('localhost', { family: 4 }))).toEqual(['127.0.0.1'])
  })
})

describe('HostResolver.lookup', () => {
  const call = (lookup: LookupFunction, ...args: unknown[]): Promise<unknown[]> =>
    new Promise(resolve =>
      (lookup as (...args: unknown[]) => void)(...args, (...answer: unknown[]) => resolve(answer)),
    )

  it("answers in dns.lookup's forms", async () => {
    await using server = await DnsServer.start({ 'a.test': { addresses: ['192.0.2.1', '2001:db8::1'] } })
    const { lookup } = resolverOn(server).resolver
    expect(await call(lookup, 'a.test')).toEqual([null, '2001:db8::1', 6])
    expect(await call(lookup, 'a.test', 4)).toEqual([null, '192.0.2.1', 4])
    expect(await call(lookup, 'a.test', { family: 'IPv6' })).toEqual([null, '2001:db8::1', 6])
    const all = [
      { address: '2001:db8::1', family: 6 },
      { address: '192.0.2.1', family: 4 },
    ]
    expect(await call(lookup, 'a.test', { all: true })).toEqual([null, all])
    expect(await call(lookup, 'a.test', { all: true, order: 'ipv4first' })).toEqual([null, all.toReversed()])
    expect(await call(lookup, 'a.test', { all: true, order: 'ipv6first' })).toEqual([null, all])
    expect(await call(lookup, '192.0.2.9', { family: 0 })).toEqual([null, '192.0.2.9', 4])
  })

  it('gives failures to the callback', async () => {
    await using server = await DnsServer.start({})
    const { lookup } = resolverOn(server).resolver
    const [error] = await call(lookup, 'gone.test', { all: true })
    expect(error).toMatchObject({ name: 'DNSError', code: 'ENOTFOUND', host: 'gone.test' })
    expect((await call(lookup, 'a b', {}))[0]).toMatchObject({ code: 'ERR_INVALID_HOST' })
  })

  it.each([true, false])('resolves names for net.connect, autoSelectFamily %s', async autoSelectFamily => {
    await using server = await DnsServer.start({ 'game.test': { addresses: ['127.0.0.1'] } })
    const { resolver } = resolverOn(server)
    await using listener = createServer(socket => socket.end('hello')).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    const socket = connect({ host: 'game.test', port, autoSelectFamily, lookup: resolver.lookup })
    const [chunk] = await once(socket, 'data')
    expect(String(chunk)).toBe('hello')
    expect(isIP(socket.remoteAddress!)).toBe(4)
    socket.destroy()
  })

  it('lets net.connect fail with the name', async () => {
    await using server = await DnsServer.start({})
    const { resolver } = resolverOn(server)
    const socket = connect({ host: 'gone.test', port: 1, lookup: resolver.lookup })
    const [error] = await once(socket, 'error')
    expect(error).toMatchObject({ code: 'ENOTFOUND' })
  })
})

import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareIP,
  InetAddr,
  type IPAddr,
  IPv4,
  IPv6,
  ip,
  ipFromBytes,
  isIPAddr,
  parseIP,
  parsePort,
  tryParseIP,
} from '../src/address/index.ts'

const MAX4 = 2 ** 32 - 1
const MAX6 = 2n ** 128n - 1n

const ipv4 = fc.integer({ min: 0, max: MAX4 }).map(value => new IPv4(value))
const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
const ipv6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map(groups => new IPv6(groups.reduce((value, next) => (value << 16n) | BigInt(next), 0n)))
const address: fc.Arbitrary<IPAddr> = fc.oneof(ipv4, ipv6)

/** Texts that are addresses or nearly so. */
const nearly = fc
  .array(
    fc.constantFrom(
      '0',
      '1',
      '01',
      '255',
      '256',
      '127',
      'a',
      'F',
      'ffff',
      '1ffff',
      'g',
      '.',
      '.',
      ':',
      ':',
      '::',
      '%',
      ' ',
    ),
    { maxLength: 18 },
  )
  .map(parts => parts.join(''))
const groupsText = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0x1ffff }).map(value => value.toString(16)),
      fc.constant(''),
    ),
    {
      minLength: 1,
      maxLength: 10,
    },
  )
  .map(groups => groups.join(':'))
const octetsText = fc
  .array(fc.constantFrom('0', '00', '1', '9', '10', '99', '100', '255', '256', '1000', '', '0x1', '-1'), {
    minLength: 1,
    maxLength: 6,
  })
  .map(octets => octets.join('.'))
const anyText = fc.oneof(
  nearly,
  groupsText,
  octetsText,
  fc.string(),
  fc.tuple(groupsText, octetsText).map(t => t.join(':')),
)

function code(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return undefined
}

describe('IPv4', () => {
  it('reads exactly the texts that Node takes for IPv4 addresses', () => {
    fc.assert(
      fc.property(anyText, text => {
        expect(IPv4.tryParse(text) !== undefined).toBe(isIPv4(text))
      }),
      { numRuns: 3000 },
    )
  })

  it('prints what it read', () => {
    fc.assert(
      fc.property(ipv4, value => {
        expect(IPv4.parse(String(value)).value).toBe(value.value)
        expect(new SocketAddress({ address: String(value), family: 'ipv4' }).address).toBe(String(value))
      }),
    )
  })

  it.each([
    '',
    '1',
    '127.1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.04',
    '0x7f.0.0.1',
    '1.2.3.256',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '１.2.3.4',
    '2130706433',
  ])('does not take %j for an address', text => {
    expect(IPv4.tryParse(text)).toBeUndefined()
    expect(code(() => IPv4.parse(text))).toBe('ERR_INVALID_ADDRESS')
  })

  it('has its octets as bytes, highest first', () => {
    expect([...IPv4.parse('1.2.3.255').toBytes()]).toEqual([1, 2, 3, 255])
    expect(String(IPv4.fromBytes(Uint8Array.of(192, 168, 0, 1)))).toBe('192.168.0.1')
    expect(code(() => IPv4.fromBytes(new Uint8Array(5)))).toBe('ERR_INVALID_ADDRESS')
  })

  it('refuses values that are not integers of 32 bits', () => {
    for (const value of [-1, 2 ** 32, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(code(() => new IPv4(value))).toBe('ERR_OUT_OF_RANGE')
    expect(code(() => IPv4.fromBigInt(-1n))).toBe('ERR_OUT_OF_RANGE')
  })

  it('compares with the relational operators', () => {
    expect(IPv4.parse('9.0.0.0') < IPv4.parse('10.0.0.0')).toBe(true)
    expect(Number(IPv4.LOOPBACK)).toBe(0x7f000001)
  })

  it('knows the limited broadcast address', () => {
    expect(IPv4.BROADCAST.isBroadcast).toBe(true)
    expect(IPv4.parse('10.0.0.255').isBroadcast).toBe(false)
  })
})

describe('IPv6', () => {
  const zoneless = anyText.filter(text => !text.includes('%'))

  it('reads exactly the texts that Node takes for IPv6 addresses', () => {
    fc.assert(
      fc.property(zoneless, text => {
        expect(IPv6.tryParse(text) !== undefined).toBe(isIPv6(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('reads the same address as Node and as the URL parser from the same text', () => {
    /** Eight groups, some of them left out at one place, the last two dotted or not. */
    const text = fc.tuple(ipv6, fc.nat(8), fc.nat(8), fc.boolean()).map(([value, from, count, dotted]) => {
      const hex = value.value.toString(16).padStart(32, '0')
      const groups = hex.match(/..../g)!
      const tail = dotted ? [String(new IPv4(Number(value.value & 0xffff_ffffn)))] : groups.slice(6)
      const all = [...groups.slice(0, 6), ...tail]
      if (count === 0) return all.join(':')
      return `${all.slice(0, from).join(':')}::${all.slice(from + count).join(':')}`
    })
    let read = 0
    fc.assert(
      fc.property(text, text => {
        expect(IPv6.tryParse(text) !== undefined).toBe(isIPv6(text))
        if (!isIPv6(text)) return
        read++
        const parsed = IPv6.parse(text)
        expect(`[${urlForm(parsed)}]`).toBe(new URL(`http://[${text}]/`).hostname)
        expect(IPv6.parse(new SocketAddress({ address: text, family: 'ipv6' }).address)).toEqual(parsed)
      }),
      { numRuns: 1000 },
    )
    expect(read).toBeGreaterThan(100)
  })

  it('prints in the form the URL parser calls canonical, but mapped addresses dotted', () => {
    fc.assert(
      fc.property(ipv6, value => {
        expect(`[${urlForm(value)}]`).toBe(new URL(`http://[${value}]/`).hostname)
        expect(IPv6.parse(String(value)).value).toBe(value.value)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0DB8:0::0:2:1', '2001:db8::2:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::1:2:3:4:5:6:7', '0:1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::FFFF:102:304', '::ffff:1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::1.2.3.4', '::102:304'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('reads %s and prints %s (RFC 5952)', (text, printed) => {
    expect(String(IPv6.parse(text))).toBe(printed)
  })

  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2:3:4:5:6:7:8',
    '12345::',
    ':1::',
    '1:',
    '::1:',
    '::g',
    '[::1]',
    '::1.2.3',
    '::01.2.3.4',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1%',
    '::1%a b',
    '::1%a%b',
    '%eth0',
    '1.2.3.4',
    '::1 ',
  ])('does not take %j for an address', text => {
    expect(IPv6.tryParse(text)).toBeUndefined()
    expect(code(() => IPv6.parse(text))).toBe('ERR_INVALID_ADDRESS')
  })

  it('keeps its zone apart from its value (RFC 4007)', () => {
    const scoped = IPv6.parse('fe80::1%eth0')
    expect(scoped.zone).toBe('eth0')
    expect(scoped.value).toBe(IPv6.parse('fe80::1').value)
    expect(scoped.equals(IPv6.parse('fe80::1'))).toBe(false)
    expect(scoped.equals(scoped.withZone('').withZone('eth0'))).toBe(true)
    expect(String(scoped.add(1))).toBe('fe80::2%eth0')
    expect(IPv6.parse('fe80::1%a').compare(IPv6.parse('fe80::1%b'))).toBe(-1)
    expect(code(() => scoped.withZone('a b'))).toBe('ERR_INVALID_ADDRESS')
  })

  it('carries IPv4 addresses', () => {
    const mapped = IPv4.parse('127.0.0.1').toIPv6()
    expect(String(mapped)).toBe('::ffff:127.0.0.1')
    expect(mapped.isIPv4Mapped).toBe(true)
    expect(String(mapped.toIPv4())).toBe('127.0.0.1')
    expect(IPv6.parse('64:ff9b::7f00:1').toIPv4()).toBeUndefined()
    expect(mapped.isLoopback).toBe(true)
    expect(IPv6.parse('::ffff:10.0.0.1').isPrivate).toBe(true)
  })

  it('has sixteen bytes in network order', () => {
    fc.assert(
      fc.property(ipv6, value => {
        expect(IPv6.fromBytes(value.toBytes()).equals(value)).toBe(true)
        expect(Buffer.from(value.toBytes()).toString('hex')).toBe(
          value.toBigInt().toString(16).padStart(32, '0'),
        )
      }),
    )
    expect(code(() => IPv6.fromBytes(new Uint8Array(4)))).toBe('ERR_INVALID_ADDRESS')
    expect(code(() => IPv6.fromBigInt(MAX6 + 1n))).toBe('ERR_OUT_OF_RANGE')
  })
})

/** As the URL parser prints it: mapped addresses in hexadecimal too. */
function urlForm(address: IPv6): string {
  if (!address.isIPv4Mapped) return String(address)
  const low = Number(address.value & 0xffff_ffffn)
  return `::ffff:${(low >>> 16).toString(16)}:${(low & 0xffff).toString(16)}`
}

describe('Addresses of both families', () => {
  const ranges: [keyof IPv4 & keyof IPv6, [string, number][]][] = [
    [
      'isLoopback',
      [
        ['127.0.0.0', 8],
        ['::1', 128],
      ],
    ],
    [
      'isLinkLocal',
      [
        ['169.254.0.0', 16],
        ['fe80::', 10],
      ],
    ],
    [
      'isMulticast',
      [
        ['224.0.0.0', 4],
        ['ff00::', 8],
      ],
    ],
    [
      'isPrivate',
      [
        ['10.0.0.0', 8],
        ['172.16.0.0', 12],
        ['192.168.0.0', 16],
        ['fc00::', 7],
      ],
    ],
    [
      'isUnspecified',
      [
        ['0.0.0.0', 32],
        ['::', 128],
      ],
    ],
  ]

  it.each(ranges)('%s tells the ranges of the RFCs', (name, subnets) => {
    const list = new BlockList()
    const edges: IPAddr[] = []
    for (const [net, prefix] of subnets) {
      const first = parseIP(net)
      list.addSubnet(net, prefix, first.family === 4 ? 'ipv4' : 'ipv6')
      const size = 1n << BigInt((first.family === 4 ? 32 : 128) - prefix)
      const max = first.family === 4 ? BigInt(MAX4) : MAX6
      for (const offset of [-1n, 0n, size - 1n, size]) {
        const value = first.value === 0n || first.value === 0 ? offset : first.toBigInt() + offset
        if (value < 0n || value > max) continue
        edges.push(first.family === 4 ? IPv4.fromBigInt(value) : IPv6.fromBigInt(value))
      }
    }
    const check = (value: IPAddr): void => {
      const expected = list.check(String(value), value.family === 4 ? 'ipv4' : 'ipv6')
      expect([String(value), value[name]]).toEqual([String(value), expected])
    }
    edges.forEach(check)
    fc.assert(fc.property(address, check))
  })

  it('have one total order: IPv4 first, then by value', () => {
    fc.assert(
      fc.property(fc.array(address, { maxLength: 12 }), addresses => {
        const sorted = [...addresses].sort(compareIP)
        for (let i = 1; i < sorted.length; i++) {
          const [a, b] = [sorted[i - 1]!, sorted[i]!]
          expect(a.family < b.family || (a.family === b.family && a.value <= b.value)).toBe(true)
        }
      }),
    )
    fc.assert(
      fc.property(address, address, (a, b) => {
        expect(a.compare(b) + b.compare(a)).toBe(0)
        expect(a.compare(b) === 0).toBe(a.equals(b))
      }),
    )
  })

  it('add, subtract and tell distances as integers do', () => {
    fc.assert(
      fc.property(ipv6, ipv6, (a, b) => {
        const distance = a.distance(b)
        expect(distance).toBe(b.value - a.value)
        expect(a.add(distance).equals(b)).toBe(true)
        expect(b.subtract(distance).equals(a)).toBe(true)
      }),
    )
    fc.assert(
      fc.property(ipv4, ipv4, (a, b) => {
        const distance = a.distance(b)
        expect(a.add(distance).equals(b)).toBe(true)
        expect(b.subtract(Number(distance)).equals(a)).toBe(true)
      }),
    )
  })

  it('do not wrap around', () => {
    expect(String(ip`255.255.255.255`.subtract(1))).toBe('255.255.255.254')
    expect(code(() => ip`255.255.255.255`.add(1))).toBe('ERR_OUT_OF_RANGE')
    expect(code(() => ip`0.0.0.0`.subtract(1n))).toBe('ERR_OUT_OF_RANGE')
    expect(code(() => IPv6.fromBigInt(MAX6).add(1))).toBe('ERR_OUT_OF_RANGE')
    expect(code(() => ip`::`.subtract(1))).toBe('ERR_OUT_OF_RANGE')
    for (const count of [0.5, Number.NaN, 2 ** 60])
      expect(code(() => ip`::`.add(count))).toBe('ERR_OUT_OF_RANGE')
  })

  it('come back from bytes and JSON', () => {
    fc.assert(
      fc.property(address, value => {
        expect(ipFromBytes(value.toBytes()).equals(value)).toBe(true)
        expect(parseIP(JSON.parse(JSON.stringify(value))).equals(value)).toBe(true)
        expect(`${value}`).toBe(value.toString())
      }),
    )
  })

  it('are immutable, and differ for deep equality where they differ', () => {
    expect(() => Object.assign(IPv4.LOOPBACK, { value: 1 })).toThrow(TypeError)
    expect(() => Object.assign(IPv6.LOOPBACK, { zone: 'x' })).toThrow(TypeError)
    expect(ip`127.0.0.1`).not.toEqual(ip`127.0.0.2`)
    expect(ip`::1`).toEqual(IPv6.LOOPBACK)
  })

  it('are told from other values', () => {
    for (const value of [ip`::1`, IPv4.ANY]) expect(isIPAddr(value)).toBe(true)
    const others = [undefined, null, '::1', { family: 4 }, { family: 4, address: '1.2.3.4' }]
    for (const other of [...others, new InetAddr('::1', 1)]) expect(isIPAddr(other)).toBe(false)
  })

  it('are inspected by their text', () => {
    expect(inspect(ip`127.0.0.1`)).toBe('IPv4(127.0.0.1)')
    expect(inspect([ip`::1`])).toBe('[ IPv6(::1) ]')
    expect(inspect(InetAddr.parse('[::1]:80'))).toBe('InetAddr([::1]:80)')
  })

  it('are written as literals in code, with values in them', () => {
    expect(ip`127.0.0.1`.equals(IPv4.LOOPBACK)).toBe(true)
    expect(ip`::1`.equals(IPv6.LOOPBACK)).toBe(true)
    expect(String(ip`10.0.${3}.${'4'}`)).toBe('10.0.3.4')
    expect(String(ip`::ffff:${IPv4.LOOPBACK}`)).toBe('::ffff:127.0.0.1')
    expect(code(() => ip`10.0.0.${256}`)).toBe('ERR_INVALID_ADDRESS')
  })

  it('never throw from tryParse', () => {
    for (const value of [undefined, null, 1, {}, []]) {
      expect(tryParseIP(value as never)).toBeUndefined()
      expect(InetAddr.tryParse(value as never)).toBeUndefined()
    }
    expect(tryParseIP('1'.repeat(100_000))).toBeUndefined()
  })
})

describe('InetAddr', () => {
  it('reads and prints an address with its port', () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        const text = host.family === 4 ? `${host}:${port}` : `[${host}]:${port}`
        const parsed = InetAddr.parse(text)
        expect(String(parsed)).toBe(text)
        expect(parsed.equals(new InetAddr(host, port))).toBe(true)
        expect(parsed.family).toBe(host.family)
        expect(JSON.stringify(parsed)).toBe(`"${text}"`)
      }),
    )
    expect(InetAddr.parse('[fe80::1%eth0]:80').host).toEqual(IPv6.parse('fe80::1%eth0'))
  })

  it.each([
    '',
    '80',
    ':80',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:080',
    '1.2.3.4:-1',
    '1.2.3.4:1e3',
    '::1:80',
    '[::1]',
    '[::1]80',
    '[1.2.3.4]:80',
    '[]:80',
    '[:80',
    ']:80',
    'localhost:80',
    '1.2.3.4:80 ',
  ])('does not take %j for one', text => {
    expect(InetAddr.tryParse(text)).toBeUndefined()
    expect(code(() => InetAddr.parse(text))).toBe('ERR_INVALID_ADDRESS')
  })

  it('orders by host, then by port', () => {
    const texts = ['[::1]:1', '2.0.0.0:1', '1.0.0.0:10', '1.0.0.0:9']
    const sorted = texts.map(text => InetAddr.parse(text)).sort((a, b) => a.compare(b))
    expect(sorted.map(String)).toEqual(['1.0.0.0:9', '1.0.0.0:10', '2.0.0.0:1', '[::1]:1'])
  })

  it("goes to and comes from Node's forms", () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        const there = new InetAddr(host, port).toSocketAddress()
        expect(there.family).toBe(host.family === 4 ? 'ipv4' : 'ipv6')
        expect(InetAddr.from(there).equals(new InetAddr(host, port))).toBe(true)
      }),
    )
    expect(InetAddr.parse('[fe80::1%lo]:1').toSocketAddress().address).toBe('fe80::1')
    expect(String(InetAddr.from({ address: '127.0.0.1', port: 80 }))).toBe('127.0.0.1:80')
  })

  it('refuses wrong parts', () => {
    expect(code(() => new InetAddr('localhost', 80))).toBe('ERR_INVALID_ADDRESS')
    expect(code(() => new InetAddr('::1', 65_536))).toBe('ERR_INVALID_PORT')
  })
})

describe('parsePort', () => {
  it('takes integers from 0 to 65535 and their digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 70_000 }), port => {
        const expected = port >= 0 && port <= 65_535 ? undefined : 'ERR_INVALID_PORT'
        expect(code(() => parsePort(port))).toBe(expected)
        expect(code(() => parsePort(String(port)))).toBe(expected)
        if (expected === undefined) expect(parsePort(String(port))).toBe(port)
      }),
    )
  })

  it.each([1.5, Number.NaN, '', ' 80', '080', '+80', '0x50', '1e3', '８０', null, undefined, true, {}, 80n])(
    'refuses %s',
    value => {
      expect(code(() => parsePort(value))).toBe('ERR_INVALID_PORT')
    },
  )
})

import type { Isolation } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { startRealm } from '../src/realm.ts'
import {
  codes,
  DO,
  ECHO,
  enter,
  GA,
  IAC,
  mudPlayer,
  playerKernel,
  rawPlayer,
  SB,
  SE,
  TTYPE,
  WILL,
  WONT,
} from './support/players.ts'

const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']
const names = async (api: string): Promise<string[]> =>
  ((await (await fetch(`${api}/players`)).json()) as { name: string }[]).map(({ name }) => name)

describe.each(ISOLATIONS)('a realm whose workers are %s', isolation => {
  test('lets two players see each other come, speak and go', async () => {
    await using realm = await startRealm({ isolation })
    await using wren = await enter(realm, 'Wren')
    await using finch = await enter(realm, 'Finch')
    await wren.seen.until('\r\nFinch appears.\r\n> ')
    expect(wren.seen.all).toContain('keeper is here.')
    expect(finch.seen.all).toContain('Wren is here.')

    finch.send("'Good morning\r\n")
    await finch.seen.until('You say: Good morning')
    await wren.seen.until('Finch says: Good morning\r\n')
    wren.send('n\r\n')
    await wren.seen.until('The Square\r\n')
    await finch.seen.until('Wren leaves north.')
    finch.send('north\r\n')
    await wren.seen.until('Finch arrives from the south.')
    finch.send('quit\r\n')
    expect(await finch.seen.rest()).toContain('Farewell.\r\n')
    await wren.seen.until('Finch is gone.')
    wren.send('who\r\n')
    expect(await wren.seen.until('> ')).not.toContain('Finch')
  })

  test('tells its visitors when it closes', async () => {
    await using realm = await startRealm({ isolation })
    await using wren = await enter(realm, 'Wren')
    await realm[Symbol.asyncDispose]()
    expect(await wren.seen.rest()).toContain('The realm closes.')
  })
})

test('players by telnet are players of the API and the landing page, until they leave', async () => {
  await using realm = await startRealm({ isolation: 'inline' })
  expect(await names(realm.api)).toEqual(['keeper'])
  await using wren = await enter(realm, 'Wren')
  await using finch = await enter(realm, 'Finch')
  expect(await names(realm.api)).toEqual(['keeper', 'Wren', 'Finch'])
  const page = await (await fetch(realm.page)).text()
  expect(page).toContain('Here: keeper, Wren, Finch')
  expect(page).toContain(`telnet ${realm.telnet.address} ${realm.telnet.port}`)
  finch.socket.resetAndDestroy()
  await wren.seen.until('Finch is gone.')
  expect(await names(realm.api)).toEqual(['keeper', 'Wren'])
})

test('what happens by the API is seen by telnet', async () => {
  await using realm = await startRealm({ isolation: 'inline' })
  await using wren = await enter(realm, 'Wren')
  const call = async (method: string, path: string, body: unknown, token?: string): Promise<any> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const response = await fetch(`${realm.api}${path}`, { method, headers, body: JSON.stringify(body) })
    return response.json().catch(() => undefined)
  }
  const account = { name: '\u001b[2JMole\u0007', password: 'a good password' }
  const mole = await call('POST', '/players', account)
  expect(await wren.seen.until('Mole appears.')).toBe(`${codes(IAC, GA)}\r\nMole appears.`)
  const { token } = await call('POST', '/login', account)
  await call('POST', `/players/${mole.id}/moves`, { direction: 'north' }, token)
  await wren.seen.until('Mole leaves north.')

  const admin = (await call('POST', '/login', { name: 'keeper', password: realm.password })).token
  const room = { name: 'The Raft', description: 'It drifts.', exits: { ashore: 'gate' } }
  await call('PUT', '/rooms/raft', room, admin)
  await call('PUT', '/rooms/gate', { name: 'The Gate', description: 'Wet.', exits: { water: 'raft' } }, admin)
  wren.send('water\r\n')
  await wren.seen.until('The Raft\r\n')
  await call('DELETE', '/rooms/raft', undefined, admin)
  await wren.seen.until('The Gate\r\nWet.')
  const players = (await (await fetch(`${realm.api}/players`)).json()) as { name: string; id: number }[]
  const { id } = players.find(({ name }) => name === 'Wren')!
  await call('DELETE', `/players/${id}`, undefined, admin)
  expect(await wren.seen.rest()).toContain('You fade out of the realm.')
})

describe('the login', () => {
  test('asks the keeper for a password that nobody sees typed', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using wren = await enter(realm, 'Wren')
    await using keeper = await rawPlayer(realm)
    await keeper.seen.until('Your name: ')
    keeper.send('Keeper\r\n')
    expect(await keeper.seen.until('Password: ')).toContain(codes(IAC, WILL, ECHO))
    keeper.send(Uint8Array.of(IAC, DO, ECHO))
    keeper.send(`${realm.password}\r\n`)
    expect(await keeper.seen.until('The Gate\r\n')).toContain(`${codes(IAC, WONT, ECHO)}\r\n`)
    await wren.seen.until('keeper wakes.')
    keeper.send('quit\r\n')
    await wren.seen.until('keeper falls asleep.')
    expect(await names(realm.api)).toEqual(['keeper', 'Wren'])
  })

  test('ends the connection after three wrong passwords', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using thief = await rawPlayer(realm)
    thief.send('keeper\r\n')
    thief.send(Uint8Array.of(IAC, DO, ECHO))
    for (const guess of ['one', 'two', 'three']) {
      await thief.seen.until('Password: ')
      thief.send(`${guess}\r\n`)
    }
    expect(await thief.seen.rest()).toContain('Come back when you remember.')
    expect(thief.seen.all.match(/That is wrong\./g)).toHaveLength(3)
    expect(thief.seen.all).toContain(codes(IAC, WONT, ECHO))
  })

  test('gives an account to who proves it last', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const enterAsKeeper = async () => {
      const keeper = await rawPlayer(realm)
      keeper.send(`keeper\r\n${realm.password}\r\n`)
      await keeper.seen.until('The Gate')
      return keeper
    }
    await using first = await enterAsKeeper()
    await using second = await enterAsKeeper()
    expect(await first.seen.rest()).toContain('Somebody else plays you now.')
    second.send('look\r\n')
    await second.seen.until('The Gate')
  })

  test('refuses names that are taken or malformed, and asks again', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using _wren = await enter(realm, 'Wren')
    await using other = await rawPlayer(realm)
    await other.seen.until('Your name: ')
    const refused = [
      ['wREN', 'wREN is taken.'],
      ['W', 'A name has 2 to 20 letters.'],
      ['', 'A name has 2 to 20 letters.'],
      ['1234', 'A name has 2 to 20 letters.'],
      ['W'.repeat(21), 'A name has 2 to 20 letters.'],
      ['Wren Two', 'A name has 2 to 20 letters.'],
    ]
    for (const [name, why] of refused) {
      other.send(`${name}\r\n`)
      expect(await other.seen.until('Your name: ')).toContain(why)
    }
    other.send('Zoë\r\n')
    await other.seen.until('The Gate')
    expect(await names(realm.api)).toEqual(['keeper', 'Wren', 'Zoë'])
  })
})

describe('a player', () => {
  test('is answered whatever is typed', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using wren = await enter(realm, 'Wren')
    const dialog = [
      ['xyzzy', 'There is no "xyzzy" here. Type help for what you can do.'],
      ['constructor', 'There is no "constructor" here.'],
      ['up', 'There is no way up.'],
      ['go', 'Which way?'],
      ['go n', 'The Square'],
      ['S', 'The Gate'],
      ['say', 'What do you want to say?'],
      ["'", 'What do you want to say?'],
      ['chat', 'What do you want to tell everybody?'],
      ['chat hello', 'You chat: hello'],
      ['l', 'The Gate'],
      ['who', '2 players'],
      ['help', 'look, l'],
      ['x'.repeat(401), '400 characters at a time are enough.'],
      ['x'.repeat(2000), '400 characters at a time are enough.'],
      ['', ''],
    ]
    for (const [line, answer] of dialog) {
      wren.send(`${line}\r\n`)
      expect(await wren.seen.until('> ')).toContain(answer)
    }
  })

  test('sends no control characters to others', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using wren = await enter(realm, 'Wren')
    await using finch = await enter(realm, 'Finch')
    await wren.seen.until('Finch appears.\r\n> ')
    finch.send("'a\u001b[31mred\u001b[0m \u0007b\u009bc \u202ed\r\n")
    expect(await wren.seen.until('\r\n> ')).toBe(`${codes(IAC, GA)}\r\nFinch says: ared b d\r\n> `)
  })
})

describe('a MUD client', () => {
  const PLAIN = { window: { width: 80, height: 24 }, terminal: ['dumb'] }
  const isRoom = (place: string) => (message: any) =>
    message.package === 'Room.Info' && message.data.num === place

  test('gets lines as wide as its window, whatever that is at the moment', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using kernel = await playerKernel()
    const player = await mudPlayer(kernel, realm, { ...PLAIN, window: { width: 30, height: 24 } })
    await player.seen.until('Your name: ')
    player.write('Wren\n')
    expect(await player.seen.until('> ')).toContain(
      'Two stone herons guard a gate\nthat nobody has closed in\nyears.\n',
    )
    player.write({ naws: { width: 200, height: 24 } })
    player.write('look\n')
    expect(await player.seen.until('> ')).toContain(
      'Two stone herons guard a gate that nobody has closed in years.\n',
    )
    player.write({ naws: { width: 24, height: 24 } })
    player.write(`say ${'日本語'.repeat(6)} ${'x'.repeat(30)}\n`)
    expect(await player.seen.until('> ')).toBe(
      `You say:\n${'日本語'.repeat(4)}\n${'日本語'.repeat(2)}\n${'x'.repeat(24)}\n${'x'.repeat(6)}\n> `,
    )
  })

  test('gets colours where its terminal has them', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const players: [name: string, types: string[], isColoured: boolean][] = [
      ['Wren', ['XTERM-256COLOR', 'XTERM-256COLOR'], true],
      ['Finch', ['CLIENT', 'XTERM', 'MTTS 1'], true],
      ['Reader', ['CLIENT', 'XTERM', 'MTTS 65'], false],
      ['Dumb', ['DUMB', 'DUMB'], false],
    ]
    for (const [name, types, isColoured] of players) {
      await using player = await rawPlayer(realm)
      player.send(Uint8Array.of(IAC, WILL, TTYPE))
      for (const type of types)
        player.send(Buffer.concat([Buffer.of(IAC, SB, TTYPE, 0), Buffer.from(type), Buffer.of(IAC, SE)]))
      player.send(`${name}\r\n`)
      const room = await player.seen.until('keeper is here.')
      expect([name, room.includes('\u001b[1;36mThe Gate\u001b[0m')]).toEqual([name, isColoured])
      expect([name, room.includes('\u001b')]).toEqual([name, isColoured])
    }
  })

  test('gets the packages it asked for, and no others', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using kernel = await playerKernel()
    const player = await mudPlayer(kernel, realm, PLAIN)
    await player.message(message => message.type === 'option' && message.option === 'gmcp')
    player.write({ gmcp: 'Core.Hello', data: { client: 'test', version: '1' } })
    player.write({ gmcp: 'Core.Supports.Set', data: ['Room 1', 'Comm.Channel 1'] })
    player.write({ gmcp: 'Core.Ping' })
    player.write('Wren\nn\nsay hello\n')
    await player.message(isRoom('square'))
    await player.message((message: any) => message.package === 'Comm.Channel.Text')
    await using finch = await enter(realm, 'Finch')
    finch.send('n\r\n')
    const packages = (message: any) => (message.type === 'gmcp' ? [[message.package, message.data]] : [])
    await player.message((message: any) => message.package === 'Room.AddPlayer')
    expect(player.messages.flatMap(packages)).toEqual([
      ['Core.Ping', undefined],
      ['Room.Info', { num: 'gate', name: 'The Gate', exits: { north: 'square' } }],
      [
        'Room.Players',
        [
          { name: 'keeper', fullname: 'keeper' },
          { name: 'Wren', fullname: 'Wren' },
        ],
      ],
      [
        'Room.Info',
        { num: 'square', name: 'The Square', exits: { south: 'gate', east: 'inn', down: 'cellar' } },
      ],
      ['Room.Players', [{ name: 'Wren', fullname: 'Wren' }]],
      ['Comm.Channel.Text', { channel: 'say', talker: 'Wren', text: 'hello' }],
      ['Room.AddPlayer', { name: 'Finch', fullname: 'Finch' }],
    ])
    player.write({ gmcp: 'Core.Supports.Add', data: ['Char 1'] })
    player.write('s\n')
    const status = await player.message((message: any) => message.package === 'Char.Status')
    expect(status).toMatchObject({ data: { name: 'Wren', level: 1, room: 'gate' } })
  })

  test('without GMCP gets none', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using kernel = await playerKernel()
    const player = await mudPlayer(kernel, realm, { ...PLAIN, refuse: ['gmcp'] })
    player.write('Wren\nquit\n')
    await player.seen.until('Farewell.')
    await player.seen.rest()
    expect(player.messages.map(({ type }) => type)).not.toContain('gmcp')
  })

  test('that is a crawler is told how many play', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using wren = await enter(realm, 'Wren')
    await using kernel = await playerKernel()
    const crawler = await mudPlayer(kernel, realm, PLAIN)
    expect(await crawler.message(({ type }) => type === 'mssp')).toMatchObject({
      values: { NAME: 'Realm', PLAYERS: '2' },
    })
    wren.send('quit\r\n')
    await wren.seen.rest()
    const next = await mudPlayer(kernel, realm, PLAIN)
    expect(await next.message(({ type }) => type === 'mssp')).toMatchObject({ values: { PLAYERS: '1' } })
  })
})

import { readdirSync } from 'node:fs'
import type { Isolation } from '@unisock/kernel'
import { connect } from '@unisock/plugin-ws/client'
import { describe, expect, test } from 'vitest'
import { startRealm } from '../src/realm.ts'
import { enter } from './support/players.ts'
import { account, call, login, speak } from './support/subprotocol-client.ts'

const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

describe.each(ISOLATIONS)('a realm whose workers are %s', isolation => {
  test('lets players of all three subprotocols and of telnet hear each other', async () => {
    await using realm = await startRealm({ isolation })
    await using finch = await enter(realm, 'Finch')
    const { token } = await account(realm, 'Wren')
    await using game = await speak(realm, 'game', token)
    expect(await game.next('room')).toEqual({
      type: 'room',
      isNew: true,
      id: 'gate',
      name: 'The Gate',
      description: expect.stringContaining('herons'),
      exits: ['north'],
      players: ['keeper', 'Finch'],
    })
    await finch.seen.until('Wren wakes.')
    await using chat = await speak(realm, 'chat', token)
    chat.send({ message: 'hello' })
    await finch.seen.until('Wren chats: hello')
    expect(await chat.next('chat')).toEqual({ type: 'chat', user: 'Wren', message: 'hello', own: true })
    await using admin = await speak(realm, 'admin', await login(realm, 'keeper', realm.password))
    admin.send({ action: 'announce', text: 'Mind the step.' })
    expect((await game.next('event')).text).toBe('keeper announces: Mind the step.')
    admin.send({ action: 'stats' })
    expect((await admin.next('stats')).stats).toMatchObject({ 'players awake': 2, players: 3, rooms: 4 })
    game.send({ line: 'quit' })
    expect(await game.next('bye')).toEqual({ type: 'bye', text: 'Farewell.' })
    expect(await game.closed).toEqual({ code: 1000, reason: 'Farewell.' })
    await finch.seen.until('Wren falls asleep.')
  })
})

describe('the game', () => {
  test('tells who else is there, as they come and go', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using game = await speak(realm, 'game', (await account(realm, 'Wren')).token)
    await game.next('room')
    await using finch = await enter(realm, 'Finch')
    expect(await game.next('event')).toMatchObject({ event: 'arrived', name: 'Finch' })
    expect(await game.next('players')).toEqual({ type: 'players', players: ['keeper', 'Finch'] })
    finch.send('n\r\n')
    expect(await game.next('event')).toMatchObject({ event: 'left', text: 'Finch leaves north.' })
    expect(await game.next('players')).toEqual({ type: 'players', players: ['keeper'] })
    game.send({ line: 'look' })
    expect(await game.next('room')).toMatchObject({ isNew: false, players: ['keeper'] })
  })

  test('ends with the player, and so does all else that is theirs', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const { id, token } = await account(realm, 'Wren')
    await using game = await speak(realm, 'game', token)
    await using chat = await speak(realm, 'chat', token)
    await using status = connect(new URL('/hydrogen', realm.api.replace('http', 'ws')).href, { token })
    await Promise.all([game.next('room'), status.ready])
    const over = new Promise<number>(resolve => status.on('close', ({ code }) => resolve(code)))
    const admin = await login(realm, 'keeper', realm.password)
    await fetch(`${realm.api}/players/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${admin}` },
    })
    expect(await game.next('bye')).toMatchObject({ text: 'You fade out of the realm.' })
    expect(await chat.closed).toEqual({ code: 1008, reason: 'the player is gone' })
    expect(await over).toBe(4501)
    await using late = await speak(realm, 'game', token)
    expect(await late.closed).toEqual({ code: 1008, reason: 'there is no such player any more' })
  })
})

describe('what is not allowed', () => {
  test('a connection without a good token, or of no subprotocol that there is', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const { token } = await account(realm, 'Wren')
    await expect(speak(realm, 'game', 'none')).rejects.toThrow('refused')
    await expect(speak(realm, 'gossip', token)).rejects.toThrow('refused')
  })

  test('the desk of the keeper, for others', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using admin = await speak(realm, 'admin', (await account(realm, 'Wren')).token)
    expect(await admin.closed).toEqual({ code: 1008, reason: 'for administrators' })
  })

  test('messages that are none: they are refused, and the connection stays', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const token = await login(realm, 'keeper', realm.password)
    await using chat = await speak(realm, 'chat', token)
    chat.send({ message: 'too early' })
    expect(await chat.next('error')).toEqual({ type: 'error', reason: 'Enter the realm first.' })
    await using game = await speak(realm, 'game', token)
    await using admin = await speak(realm, 'admin', token)
    await game.next('room')
    const refused = [
      [game, 'not JSON', 'A message is a JSON object.'],
      [game, [], 'A message is a JSON object.'],
      [game, { line: 1 }, 'A game message has a line.'],
      [chat, {}, 'A chat message has a message.'],
      [chat, { message: '\u0007 ' }, 'Say something.'],
      [chat, { message: 'x'.repeat(401) }, '400 characters at a time are enough.'],
      [admin, { action: 'shout' }, 'An action is announce, kick or stats.'],
      [admin, { action: 'announce' }, 'An announcement has 1 to 400 characters.'],
      [admin, { action: 'kick', name: 'Nobody' }, 'There is no such player.'],
    ] as const
    for (const [client, message, reason] of refused) {
      client.send(message)
      expect(await client.next('error')).toEqual({ type: 'error', reason })
    }
    await account(realm, 'Wren')
    admin.send({ action: 'kick', name: 'wren' })
    expect((await admin.next('error')).reason).toBe('Wren is asleep.')
  })
})

describe('the page', () => {
  test('loads and connects to nothing but its own server, and makes no markup of text', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const { status, headers } = await fetch(realm.play)
    expect(status).toBe(200)
    const policy = headers.get('content-security-policy')!.split('; ')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy.join()).not.toMatch(/unsafe|http|\*/)
  })

  test('is made of files, the client as JavaScript among them, and of nothing else', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    const get = (path: string) => fetch(`${realm.play}${path}`)
    for (const name of readdirSync(new URL('../src/web/page/', import.meta.url)))
      expect([name, (await get(name)).status]).toEqual([name, 200])
    const entry = /from '\.\/(.+)'/.exec(await (await get('hydrogen/client.js')).text())![1]!
    const module = await get(`hydrogen/${entry}`)
    expect(module.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(await module.text()).not.toMatch(/^import type|interface/m)
    for (const path of ['hydrogen/server/status.ts', 'hydrogen/', '..%2frealm.ts', 'constructor'])
      expect([path, (await get(path)).status]).toEqual([path, 404])
  })
})

test('a token that is still good is traded for a new one, unless the account is gone', async () => {
  await using realm = await startRealm({ isolation: 'inline' })
  const { id, token } = await account(realm, 'Wren')
  const renewed = (await call(realm, '/token', undefined, token)).token
  await using game = await speak(realm, 'game', renewed)
  await game.next('room')
  const admin = await login(realm, 'keeper', realm.password)
  await fetch(`${realm.api}/players/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${admin}` },
  })
  expect(await call(realm, '/token', undefined, renewed)).toMatchObject({ status: 401 })
})

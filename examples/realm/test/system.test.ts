import { randomUUID } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Isolation } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { Inbox } from '../../../test/support/inbox.ts'
import { runNode } from '../../../test/support/run.ts'
import { until } from '../../../test/support/until.ts'
import { fileOf } from '../../../test/support/workspace.ts'
import { type RealmOptions, startRealm } from '../src/realm.ts'
import { enter, rawPlayer } from './support/players.ts'
import { filterPid } from './support/processes.ts'
import { ScratchConfig } from './support/scratch-config.ts'
import { account, call, login, speak } from './support/subprotocol-client.ts'

const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']
const MAINTENANCE = fileOf('examples/realm/src/maintenance.ts')
const AGAIN = 'The configuration was read again.'

async function realmOf(options: RealmOptions) {
  const said = new Inbox<string>()
  return Object.assign(await startRealm({ ...options, say: said.put }), { said })
}

describe.each(ISOLATIONS)('a realm whose workers are %s', isolation => {
  test('goes by its configuration file, also by what it says later', async () => {
    using config = new ScratchConfig({ greeting: 'Come in.', keeper: 'Owl' })
    await using realm = await realmOf({ isolation, config: config.path })
    expect(realm.keeper).toBe('Owl')
    await using early = await rawPlayer(realm)
    await early.seen.until('Come in.\r\nYour name: ')

    config.replace({ greeting: 'Go away.', keeper: 'Raven', limits: { players: 1 }, masked: ['bothersome'] })
    expect(await realm.said.next()).toBe(AGAIN)
    await using wren = await rawPlayer(realm)
    await wren.seen.until('Go away.\r\nYour name: ')
    wren.send('Wren\r\n')
    await wren.seen.until('Raven is here.')
    early.send('Finch\r\n')
    expect(await early.seen.rest()).toContain('The realm is full. Come back later.')
    await until(() => filterPid('bothersome') !== undefined)
  })

  test('is in maintenance from a signal of another program to the next one', async () => {
    const maintenance = `realm-${randomUUID()}`
    await using realm = await realmOf({ isolation, maintenance })
    const { token } = await account(realm, 'Heron')
    await using wren = await enter(realm, 'Wren')
    const signal = () => runNode([MAINTENANCE, '--group', maintenance])
    expect(await signal()).toEqual({
      code: 0,
      stdout: `The group ${maintenance} was signalled.\n`,
      stderr: '',
    })
    await wren.seen.until('keeper announces: The realm goes into maintenance.')

    await using guest = await rawPlayer(realm)
    guest.send('Finch\r\n')
    expect(await guest.seen.rest()).toContain('The realm is in maintenance. Come back later.')
    await using page = await speak(realm, 'game', token)
    expect((await page.next('bye')).text).toBe('The realm is in maintenance. Come back later.')
    const refused = await call(realm, '/players', { name: 'Mole', password: 'a good password' })
    expect(refused).toMatchObject({ status: 503, detail: 'The realm is in maintenance. Come back later.' })
    await using keeper = await speak(realm, 'game', await login(realm, 'keeper', realm.password))
    await keeper.next('room')
    wren.send('look\r\n')
    await wren.seen.until('keeper is here.')

    await signal()
    await wren.seen.until('keeper announces: The maintenance is over.')
    await using late = await speak(realm, 'game', token)
    await late.next('room')
  })

  test('masks what is not to be heard, also once its filter was killed', async () => {
    const word = 'dratted'
    using config = new ScratchConfig({ masked: [word] })
    await using realm = await realmOf({ isolation, config: config.path })
    await using wren = await enter(realm, 'Wren')
    await using finch = await enter(realm, 'Finch')
    finch.send('say Dratted! A DRATTED dratted-ish predratted föhn\r\n')
    await wren.seen.until('Finch says: *******! A ******* *******-ish predratted f')
    finch.send('chat dratted\r\n')
    await wren.seen.until('Finch chats: *******\r\n')
    const first = filterPid(word)!
    process.kill(first, 'SIGKILL')
    expect(await realm.said.next()).toMatch(/^Speech is not filtered: .+SIGKILL.+ Tried again in 0\.1 s\.$/)
    let heard = ''
    while (!heard.includes('*******')) {
      finch.send('say dratted\r\n')
      await wren.seen.until('Finch says: ')
      heard = await wren.seen.until('\r\n')
    }
    expect([undefined, first]).not.toContain(filterPid(word))
  })
})

describe('the configuration', () => {
  test('that is wrong changes nothing, and it is said why', async () => {
    using config = new ScratchConfig({ greeting: 'Come in.' })
    await using realm = await realmOf({ isolation: 'inline', config: config.path })
    await using _wren = await enter(realm, 'Wren')
    const wrong: readonly (readonly [object | string, string | RegExp])[] = [
      ['{', /realm\.json: .*JSON.* What was in force stays in force\.$/],
      [{ greeting: 1 }, `${config.path}: greeting is to be 1 to 400 characters.`],
      [{ greeting: 'Hi', keeper: 'wren' }, 'the keeper cannot be called wren: somebody else is.'],
    ]
    for (const [content, why] of wrong) {
      config.write(content)
      expect(await realm.said.next()).toMatch(why)
      await using other = await rawPlayer(realm)
      await other.seen.until('Come in.')
    }
    config.write({ greeting: 'Better.' })
    expect(await realm.said.next()).toBe(AGAIN)
  })

  test('that is not there is the defaults, until it is there', async () => {
    using config = new ScratchConfig()
    await using realm = await realmOf({ isolation: 'inline', config: config.path })
    expect(await realm.said.next()).toBe(`There is no ${config.path}: the defaults are in force.`)
    config.write({ greeting: 'Come in.' })
    expect(await realm.said.next()).toBe(AGAIN)
    await using wren = await rawPlayer(realm)
    await wren.seen.until('Come in.')
    config.remove()
    expect(await realm.said.next()).toBe(`There is no ${config.path}: the defaults are in force.`)
    expect(await realm.said.next()).toBe(AGAIN)
    await using finch = await rawPlayer(realm)
    await finch.seen.until('Welcome to the realm.')
  })

  test('whose directory was away is read when that is back', async () => {
    using config = new ScratchConfig({ greeting: 'Come in.' })
    await using realm = await realmOf({ isolation: 'inline', config: config.path })
    const elsewhere = `${config.folder}-elsewhere`
    renameSync(config.folder, elsewhere)
    expect(await realm.said.next()).toMatch(/^The configuration is not watched: .+ Tried again in 0\.1 s\.$/)
    writeFileSync(join(elsewhere, 'realm.json'), JSON.stringify({ greeting: 'Hurry in.' }))
    renameSync(elsewhere, config.folder)
    await realm.said.find(line => line === AGAIN)
    await using wren = await rawPlayer(realm)
    await wren.seen.until('Hurry in.')
  })

  test('that is wrong at the start keeps the realm from opening', async () => {
    using config = new ScratchConfig({ keeper: 7 })
    await expect(realmOf({ isolation: 'inline', config: config.path })).rejects.toThrow(
      `${config.path}: keeper is to be a name`,
    )
  })
})

describe('the text filter', () => {
  test('that does not answer is replaced, and what it held back is heard as it was said', async () => {
    const word = 'blasted'
    using config = new ScratchConfig({ masked: [word] })
    await using realm = await realmOf({ isolation: 'inline', config: config.path })
    await using wren = await enter(realm, 'Wren')
    const hung = filterPid(word)!
    process.kill(hung, 'SIGSTOP')
    wren.send('say one blasted\r\nsay two blasted\r\n')
    await wren.seen.until('You say: one blasted\r\n')
    await wren.seen.until('You say: two blasted\r\n')
    expect(await realm.said.next()).toBe('Speech is not filtered: it does not answer. Tried again in 0.1 s.')
    await until(() => ![undefined, hung].includes(filterPid(word)))
  })

  test('masks other words as soon as there are others, and ends with the realm', async () => {
    using config = new ScratchConfig({ masked: ['fiddlesticks'] })
    {
      await using realm = await realmOf({ isolation: 'inline', config: config.path })
      await using wren = await enter(realm, 'Wren')
      config.write({ masked: ['poppycock'] })
      expect(await realm.said.next()).toBe(AGAIN)
      await until(() => filterPid('fiddlesticks') === undefined && filterPid('poppycock') !== undefined)
      wren.send('say fiddlesticks\r\n')
      await wren.seen.until('You say: fiddlesticks\r\n')
      expect(filterPid('poppycock')).toBeDefined()
    }
    expect(filterPid('poppycock')).toBeUndefined()
  })
})

test('maintenance of a group that has no good name is not signalled', async () => {
  expect(await runNode([MAINTENANCE, '--group', '../x'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('cannot be signalled'),
  })
})

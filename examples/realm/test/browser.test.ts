import { describe, expect, test } from 'vitest'
import { openBrowser, type Visit } from '../../../test/support/browser.ts'
import { findProgram } from '../../../test/support/programs.ts'
import { startRealm } from '../src/realm.ts'
import { PlayPage } from './support/play-page.ts'
import { enter } from './support/players.ts'
import { wireTo } from './support/wire.ts'

const chromium = findProgram('chromium')

/** Of what a browser says of a connection that was cut, nothing is a fault of the page. */
const faults = ({ errors }: Visit): string[] =>
  errors.filter(error => !/WebSocket connection to|net::ERR_/.test(error))

describe.skipIf(!chromium)('in a browser', { timeout: 60_000 }, () => {
  test('a player meets one who plays by telnet, and they talk', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using visit = await openBrowser(chromium!)
    await using finch = await enter(realm, 'Finch')
    const wren = new PlayPage(visit.page)
    await wren.create(realm.play, 'Wren')
    await finch.seen.until('Wren wakes.')
    await wren.sees('room-name', 'The Gate')
    await wren.sees('room-people', 'Finch')

    finch.send('say Good morning\r\n')
    await wren.sees('game-log', 'Finch says: Good morning')
    await wren.type('say Good morning to you')
    await finch.seen.until('Wren says: Good morning to you')
    await wren.sees('game-log', 'You say: Good morning to you')

    await wren.press('north')
    await finch.seen.until('Wren leaves north.')
    await wren.sees('room-name', 'The Square')
    await wren.chat('Where <b>are</b> you?')
    await finch.seen.until('Wren chats: Where <b>are</b> you?')
    await wren.sees('chat-log', 'You Where <b>are</b> you?')
    finch.send('chat On my way\r\nn\r\n')
    await wren.sees('chat-log', 'Finch On my way')
    await wren.sees('game-log', 'Finch arrives from the south.')
    await wren.sees('room-people', 'Finch')
    finch.send('quit\r\n')
    await wren.sees('game-log', 'Finch is gone.')
    await visit.page.locator('#room-people li').waitFor({ state: 'detached' })

    await wren.type('quit')
    await wren.sees('login-error', 'Farewell.')
    expect(visit.errors).toEqual([])
    expect([...visit.origins]).toEqual([new URL(realm.play).origin])
  })

  test('the status of the realm is live, and survives that the connection is cut', async () => {
    await using realm = await startRealm({ statusInterval: 1 })
    await using wire = await wireTo(Number(new URL(realm.play).port))
    await using visit = await openBrowser(chromium!)
    const wren = new PlayPage(visit.page)
    await wren.create(realm.play.replace(/:\d+/, `:${wire.port}`), 'Wren')
    await wren.sees('status-state', 'Live')
    await wren.sees('status-playing', '1')
    await wren.sees('status-rooms', '4')
    await wren.sees('status-memory', /^\d+ MiB$/)
    await wren.sees('status-uptime', /^\d+ s$/)
    await using finch = await enter(realm, 'Finch')
    await wren.sees('status-playing', '2')
    await wren.sees('status-news', 'Finch appears.')

    wire.cut()
    await wren.sees('status-state', 'Connection lost. Coming back…')
    await wren.sees('line-state', 'Connection lost. Coming back…')
    await finch.seen.until('Wren falls asleep.')
    await using _rook = await enter(realm, 'Rook')
    finch.send('quit\r\n')
    await finch.seen.rest()

    wire.mend()
    await wren.sees('status-state', /^Resumed after \d+\.\d s, nothing missed$/)
    await wren.sees('status-news', 'Rook appears.')
    await wren.sees('status-news', 'Finch is gone.')
    await wren.sees('line-state', 'In the realm')
    await wren.sees('room-people', 'Rook')
    await wren.sees('status-playing', '2')
    await wren.type('look')
    await wren.sees('game-log', 'Two stone herons')
    expect(faults(visit)).toEqual([])
  })

  test('comes back with a new token where its own ends soon', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using wire = await wireTo(Number(new URL(realm.play).port))
    await using visit = await openBrowser(chromium!)
    const wren = new PlayPage(visit.page)
    await wren.create(realm.play.replace(/:\d+/, `:${wire.port}`), 'Wren')
    await wren.sees('status-state', 'Live')
    await visit.page.clock.setSystemTime(Date.now() + 55 * 60_000)
    const renewed = visit.page.waitForResponse(/\/token$/)
    wire.cut()
    await wren.sees('line-state', 'Connection lost. Coming back…')
    wire.mend()
    expect((await renewed).status()).toBe(201)
    await wren.sees('line-state', 'In the realm')
    await wren.sees('status-state', /^Resumed after .+, nothing missed$/)
    expect(faults(visit)).toEqual([])
  })

  test('the keeper has a desk: announces, sends out, and sees figures', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using visit = await openBrowser(chromium!)
    await using finch = await enter(realm, 'Finch')
    const keeper = new PlayPage(visit.page)
    await keeper.login(realm.play, 'keeper', realm.password)
    await visit.page.getByLabel('Announcement').fill('The gate closes at dusk.')
    await keeper.press('Announce')
    await finch.seen.until('keeper announces: The gate closes at dusk.')
    await keeper.sees('admin-answer', 'Everybody was told.')
    await keeper.sees('status-news', 'keeper announces: The gate closes at dusk.')
    await keeper.press('Figures')
    await keeper.sees('admin-figures', /players awake\s*2/)
    await visit.page.getByLabel('Player to send out').fill('finch')
    await keeper.press('Send out')
    expect(await finch.seen.rest()).toContain('You were sent out of the realm.')
    await keeper.sees('admin-answer', 'Finch was sent out.')
    expect(visit.errors).toEqual([])
  })

  test('who is played elsewhere is told so, and a wrong password too', async () => {
    await using realm = await startRealm({ isolation: 'inline' })
    await using visit = await openBrowser(chromium!)
    const wren = new PlayPage(visit.page)
    await wren.create(realm.play, 'Wren')
    expect(await visit.page.locator('#admin').isVisible()).toBe(false)
    await using elsewhere = await openBrowser(chromium!)
    await new PlayPage(elsewhere.page).login(realm.play, 'Wren')
    await wren.sees('login-error', 'Somebody else plays you now.')
    await visit.page.getByLabel('Password').fill('not the password')
    await wren.press('Enter')
    await wren.sees('login-error', 'name or password is wrong')
    expect(elsewhere.errors).toEqual([])
  })
})

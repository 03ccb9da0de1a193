import { describe, expect, test } from 'vitest'
import { startRealm } from '../examples/realm/src/realm.ts'
import { openBrowser } from './support/browser.ts'
import { findProgram } from './support/programs.ts'
import { authorize, Operation } from './support/swagger-page.ts'

const chromium = findProgram('chromium')

describe.skipIf(!chromium)('a browser', { timeout: 60_000 }, () => {
  test('goes from the landing page to the documentation and tries a call out there', async () => {
    await using realm = await startRealm()
    await using visit = await openBrowser(chromium!)
    const { page, origins, errors } = visit
    await page.goto(realm.page)
    await page.getByRole('link', { name: 'Documentation' }).click()
    await page.waitForURL(`${realm.docs}**`)
    const { status, body } = await new Operation(page, 'realm', 'getRealm').execute()
    expect(status).toBe(200)
    expect(body).toEqual({ players: 1, rooms: 4, uptime: expect.any(Number) })
    expect([...origins]).toEqual([new URL(realm.page).origin, new URL(realm.docs).origin])
    expect(errors).toEqual([])
  })

  test('makes an admin call with the token that login gave it', async () => {
    await using realm = await startRealm()
    await using visit = await openBrowser(chromium!)
    const { page, origins, errors } = visit
    await page.goto(realm.docs)
    const login = await new Operation(page, 'realm', 'login').execute({
      body: { name: 'keeper', password: realm.password },
    })
    expect(login.status).toBe(201)
    await authorize(page, login.body.token)
    const tower = { name: 'The Tower', description: 'Stairs, and then more stairs.' }
    const put = await new Operation(page, 'admin', 'putRoom').execute({
      parameters: { id: 'tower' },
      body: tower,
    })
    expect(put).toEqual({ status: 201, body: { ...tower, id: 'tower', exits: {} } })
    await page.goto(realm.page)
    expect(await page.getByRole('heading', { name: 'The Tower' }).count()).toBe(1)
    expect([...origins]).toEqual([new URL(realm.docs).origin, new URL(realm.page).origin])
    expect(errors).toEqual([])
  })
})

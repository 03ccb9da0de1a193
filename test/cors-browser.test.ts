import { createKernel, type Kernel } from '@unisock/kernel'
import {
  REST_ADD_ROUTE,
  REST_CORS_CONFIG,
  REST_MIDDLEWARE,
  REST_RATE_LIMIT,
  REST_SERVER,
  reply,
  rest,
} from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'
import { openBrowser } from './support/browser.ts'
import { findProgram } from './support/programs.ts'

const chromium = findProgram('chromium')

type Set = (option: any, value: any) => void

async function serve(kernel: Kernel, set: (set: Set) => void): Promise<string> {
  const fd = kernel.create(REST_SERVER, {})
  set((option, value) => void kernel.setOption(fd, option, value))
  const { port } = await kernel.bind(fd, 0)
  await kernel.listen(fd)
  return `http://127.0.0.1:${port}`
}

describe.skipIf(!chromium)('a page in a browser', { timeout: 60_000 }, () => {
  test('may do with an API of another origin what that allows, and no more', async () => {
    await using kernel = await createKernel({ plugins: [rest()] })
    const page = await serve(kernel, set =>
      set(REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/',
        handler: () =>
          reply({ headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>page</title>' }),
      }),
    )
    const api = await serve(kernel, set => {
      set(REST_CORS_CONFIG, { origins: 'http://127.0.0.1:*', credentials: true, exposed: ['X-Own'] })
      set(REST_RATE_LIMIT, { max: 6, window: 600 })
      set(REST_MIDDLEWARE, [{ name: 'helmet', crossOriginResourcePolicy: { policy: 'cross-origin' } }])
      const own = () => reply({ headers: { 'x-own': 'mine', 'x-hidden': 'mine' }, body: { it: true } })
      set(REST_ADD_ROUTE, { method: 'GET', pattern: '/x', handler: own })
      set(REST_ADD_ROUTE, { method: 'PUT', pattern: '/x', handler: own })
      set(REST_ADD_ROUTE, { method: 'GET', pattern: '/shut', cors: false, handler: own })
      set(REST_ADD_ROUTE, { method: 'GET', pattern: '/open', cors: { origins: '*' }, handler: own })
      set(REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/elsewhere',
        cors: { origins: 'https://a.org' },
        handler: own,
      })
    })
    await using visit = await openBrowser(chromium!)
    await visit.page.goto(page)
    const ask = (path: string, init: RequestInit = {}) =>
      visit.page.evaluate(
        async ([url, how]) => {
          try {
            const { status, headers } = await fetch(url as string, how as object)
            return [status, headers.get('x-own'), headers.get('x-hidden')]
          } catch {
            return 'kept from the page'
          }
        },
        [api + path, init] as const,
      )
    const json = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect(await ask('/x', { credentials: 'include' })).toEqual([200, 'mine', null])
    expect(await ask('/x', json)).toEqual([200, 'mine', null])
    expect(await ask('/shut')).toBe('kept from the page')
    expect(await ask('/elsewhere')).toBe('kept from the page')
    expect(await ask('/open')).toEqual([200, null, null])
    expect(await ask('/open', { credentials: 'include' })).toBe('kept from the page')
    expect(await ask('/nowhere', { method: 'DELETE' })).toEqual([429, null, null])
  })
})

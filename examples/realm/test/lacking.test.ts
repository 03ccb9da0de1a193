import { expect, test } from 'vitest'
import { startRealm } from '../src/realm.ts'
import { enter } from './support/players.ts'
import { ScratchConfig } from './support/scratch-config.ts'

test('where the system has neither inotify nor eventfds the realm says so and opens without', async () => {
  const { platform } = process
  using config = new ScratchConfig({ greeting: 'Come in.', masked: ['drat'] })
  const said: string[] = []
  Object.defineProperty(process, 'platform', { value: 'darwin' })
  const opening = startRealm({
    isolation: 'inline',
    config: config.path,
    maintenance: 'realm-lacking',
    say: line => said.push(line),
  })
  await using realm = await opening.finally(() =>
    Object.defineProperty(process, 'platform', { value: platform }),
  )
  const why = "is not available here: it is Linux's, and this is darwin. The realm goes on without."
  expect(said).toEqual([
    `The configuration is not watched: EXTERNAL_INOTIFY ${why}`,
    `Maintenance cannot be signalled: EXTERNAL_EVENTFD ${why}`,
  ])
  await using wren = await enter(realm, 'Wren')
  wren.send('say drat\r\n')
  await wren.seen.until('You say: ****')
})

/**
 * Opens a realm on free ports, uses all that it has, and says what that did.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenTo } from './mqtt/check.ts'
import { LOGIN, LOGOUT, STATUS } from './mqtt/topics.ts'
import { startRealm } from './realm.ts'
import { changeConfig, signalMaintenance } from './system/check.ts'
import { playRealm } from './telnet/check.ts'
import { callRealm } from './web/check.ts'

/** Says what was done, and whether it was as it should be. */
export type Judge = (line: string, fine: boolean) => void

/** True when everything was as it should be. */
export async function checkRealm(print: (line: string) => void): Promise<boolean> {
  let failures = 0
  const judge: Judge = (line, fine) => {
    if (!fine) failures++
    print(`${fine ? 'ok  ' : 'FAIL'} ${line}`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'realm-'))
  try {
    const config = join(folder, 'realm.json')
    const maintenance = `realm-check-${process.pid}`
    writeFileSync(config, JSON.stringify({ masked: ['drat'] }))
    const said: string[] = []
    const say = (line: string): void => {
      said.push(line)
      print(`     ${line}`)
    }
    const goesWithout = (what: string): boolean => said.some(line => line.startsWith(what))
    await using realm = await startRealm({ broker: 'embedded', config, maintenance, say })
    await using listener = await listenTo(realm, judge)
    await callRealm(realm, judge)
    await playRealm(realm.telnet, goesWithout('Speech') ? 'Drat' : '****', judge)
    await listener.expect(LOGIN, { name: 'Finch' })
    await listener.expect(LOGOUT, { name: 'Finch' })
    if (!goesWithout('The configuration')) await changeConfig(config, realm, judge)
    if (!goesWithout('Maintenance')) {
      await signalMaintenance(maintenance, judge)
      await listener.expect(STATUS, { state: 'maintenance' })
      await signalMaintenance(maintenance, judge)
      await listener.expect(STATUS, { state: 'open' })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  print(failures === 0 ? 'all as it should be' : `${failures} failed`)
  return failures === 0
}

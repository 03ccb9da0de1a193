import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Isolation } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { Inbox } from '../../../test/support/inbox.ts'
import { Mosquitto, runClient } from '../../../test/support/mosquitto.ts'
import { Peer } from '../../../test/support/peer.ts'
import { findProgram } from '../../../test/support/programs.ts'
import { fileOf } from '../../../test/support/workspace.ts'
import { startRealm } from '../src/realm.ts'
import { enter } from './support/players.ts'
import { ScratchConfig } from './support/scratch-config.ts'
import { login, speak } from './support/subprotocol-client.ts'

const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']
const MAIN = fileOf('examples/realm/src/main.ts')
const broker = findProgram('mosquitto')
const subscriber = findProgram('mosquitto_sub')
const publisher = findProgram('mosquitto_pub')

/** A listener: it prints whether a message was kept, its topic and its payload. */
async function listener(url: string, session: readonly string[] = []): Promise<Peer> {
  const peer = new Peer(subscriber!, ['-L', `${url}/mud/#`, '-q', '1', '-d', '-F', '%r %t %p', ...session])
  await peer.said(/Subscribed/)
  return peer
}

const status = (kept: 0 | 1, state: string, playing: number) =>
  new RegExp(`^${kept} mud/system/status \\{"state":"${state}","playing":${playing},`, 'm')

describe.skipIf(!subscriber).each(ISOLATIONS)('a realm whose workers are %s', isolation => {
  test('has a broker of its own, where whoever listens is told who plays', async () => {
    await using realm = await startRealm({ isolation, broker: 'embedded' })
    await using listening = await listener(realm.mqtt!)
    await listening.said(status(1, 'open', 0))
    {
      await using wren = await enter(realm, 'Wren')
      await listening.said(/^0 mud\/players\/login \{"name":"Wren","room":"gate"\}$/m)
      await listening.said(status(0, 'open', 1))
      wren.send('n\r\nquit\r\n')
      await listening.said(/^0 mud\/players\/logout \{"name":"Wren","room":"square"\}$/m)
    }
    await using keeper = await speak(realm, 'game', await login(realm, 'keeper', realm.password))
    await keeper.next('room')
    await listening.said(/^0 mud\/players\/login \{"name":"keeper","room":"gate"\}$/m)
    await realm[Symbol.asyncDispose]()
    await listening.said(/^0 mud\/system\/status \{"state":"gone"\}$/m)
  })
})

test.skipIf(!publisher)('nobody but the realm publishes at its own broker', async () => {
  await using realm = await startRealm({ isolation: 'inline', broker: 'embedded' })
  const lie = ['-L', `${realm.mqtt}/mud/system/status`, '-q', '1', '-r', '-m', '{"state":"gone"}']
  await runClient(publisher!, ...lie).catch(() => {})
  expect(await runClient(subscriber!, '-L', `${realm.mqtt}/mud/system/status`, '-C', '1')).toMatch('"open"')
})

describe.skipIf(!broker || !subscriber)('a broker that is named', () => {
  test('is told that the realm is gone, by the realm or, where it cannot, by its will', async () => {
    await using mosquitto = await Mosquitto.start(broker!)
    {
      await using _realm = await startRealm({ isolation: 'inline', broker: mosquitto.url })
      const kept = await runClient(subscriber!, '-L', `${mosquitto.url}/mud/system/status`, '-C', '1')
      expect(JSON.parse(kept)).toEqual({ state: 'open', playing: 0, players: 1, rooms: 4 })
    }
    await using listening = await listener(mosquitto.url)
    await listening.said(/^1 mud\/system\/status \{"state":"gone"\}$/m)

    using scratch = new ScratchConfig()
    const ports = ['--port', '0', '--api-port', '0', '--telnet-port', '0']
    const child = spawn(process.execPath, [MAIN, ...ports, '--mqtt', mosquitto.url], {
      // What it cannot clear up any more goes with the folder.
      env: { ...process.env, XDG_RUNTIME_DIR: scratch.folder },
      stdio: 'ignore',
    })
    const exited = once(child, 'exit')
    await listening.said(status(0, 'open', 0))
    child.kill('SIGKILL')
    await exited
    await listening.said(/^0 mud\/system\/status \{"state":"gone"\}$/m)
  })

  test('may come later, and be away for a while', async () => {
    await using mosquitto = await Mosquitto.start(broker!)
    // It does not end for a signal that comes while it is being started.
    await runClient(publisher!, '-L', `${mosquitto.url}/ready`, '-m', '')
    await mosquitto.stop()
    const said = new Inbox<string>()
    await using realm = await startRealm({ isolation: 'inline', broker: mosquitto.url, say: said.put })
    expect(await said.next()).toMatch(/^Nothing is told by MQTT: .+ Tried again in 0\.1 s\.$/)
    await mosquitto.start()
    await using first = await listener(mosquitto.url, ['-c', '-i', 'first'])
    await first.said(/mud\/system\/status \{"state":"open"/)

    await mosquitto.stop()
    await said.find(line => line.startsWith('MQTT: '))
    await using _wren = await enter(realm, 'Wren')
    await mosquitto.start()
    await first.said(/^0 mud\/players\/login \{"name":"Wren","room":"gate"\}$/m)
  })

  test('has a user and a password, which nobody is shown', async () => {
    await using mosquitto = await Mosquitto.start(broker!)
    const url = mosquitto.url.replace('//', '//lamp:secret@')
    await using realm = await startRealm({ isolation: 'inline', broker: url })
    expect(realm.mqtt).toBe(mosquitto.url)
    expect(await (await fetch(realm.page)).text()).not.toContain('secret')
    await using listening = await listener(realm.mqtt!)
    await listening.said(status(1, 'open', 0))
  })
})

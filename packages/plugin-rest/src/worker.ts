/**
 * REST_SERVER and REST_CLIENT in the plugin worker.
 * @module
 */
import { defineWorker } from '@unisock/kernel/plugin'
import { RestClient } from './client/worker/rest-client.ts'
import { REST_CLIENT } from './modes.ts'
import { RestListener } from './worker/listener.ts'

/** Also those that were closed and still have connections. */
const listeners = new Set<RestListener>()

export default defineWorker({
  open(mode, socket) {
    if (mode === REST_CLIENT) return new RestClient(socket)
    const listener = new RestListener(socket)
    listeners.add(listener)
    void listener.closed.then(() => listeners.delete(listener))
    return listener
  },
  async dispose() {
    const ending = [...listeners]
    for (const listener of ending) listener.close({ abort: true })
    await Promise.all(ending.map(listener => listener.closed))
  },
})

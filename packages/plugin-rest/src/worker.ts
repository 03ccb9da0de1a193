/**
 * REST_SERVER in the plugin worker.
 * @module
 */
import { defineWorker } from '@unisock/kernel/plugin'
import { RestListener } from './worker/listener.ts'

/** Also those that were closed and still have connections. */
const listeners = new Set<RestListener>()

export default defineWorker({
  open(_mode, socket) {
    const listener = new RestListener(socket)
    listeners.add(listener)
    void listener.closed.then(() => listeners.delete(listener))
    return listener
  },
  dispose() {
    for (const listener of listeners) listener.close({ abort: true })
  },
})

/**
 * REST_SERVER in the plugin worker.
 * @module
 */
import { type CloseOptions, defineWorker } from '@unisock/kernel/plugin'
import { RestListener } from './worker/listener.ts'

const listeners = new Set<RestListener>()

export default defineWorker({
  open(_mode, socket) {
    const listener = new RestListener(socket)
    listeners.add(listener)
    return listener
  },
  dispose() {
    const abort: CloseOptions = { abort: true }
    for (const listener of listeners) listener.close(abort)
    listeners.clear()
  },
})

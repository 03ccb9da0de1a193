import { defineWorker } from '@unisock/kernel/worker'

export default defineWorker({
  open: (_mode, socket) => ({
    write(data: Uint8Array) {
      socket.emit(data)
      return true
    },
  }),
})

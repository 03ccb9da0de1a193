import { defineWorker } from '@unisock/kernel/plugin'
import { TimerWheel } from '@unisock/sockets/engine'
import { StreamSocket } from '../../src/driver/stream-socket.ts'
import { textFraming } from '../../src/framing/text.ts'
import { SO_ENCODING } from '../../src/options.ts'

const wheel = new TimerWheel()

export default defineWorker({
  open: (_mode, socket) =>
    new StreamSocket(
      socket,
      {
        secure: false,
        framing(pipe) {
          if (pipe.option(SO_ENCODING) === 'ascii') throw new RangeError('this framing cannot be made')
          return textFraming(pipe)
        },
      },
      wheel,
    ),
})

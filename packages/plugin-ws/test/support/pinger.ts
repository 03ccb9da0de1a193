/** A client in a thread of its own: it pings every 100 ms and tells how it was answered. */
import { parentPort, workerData } from 'node:worker_threads'
import { WebSocket } from 'ws'

const socket = new WebSocket(workerData.url)
const messages: string[] = []
const sentAt: number[] = []
let pongs = 0
let pinged = 0
let slowest = 0

socket.on('message', data => {
  messages.push(String(data))
  if (reporting) report()
})
socket.on('ping', () => pinged++)
socket.on('pong', () => {
  pongs++
  slowest = Math.max(slowest, performance.now() - sentAt.shift()!)
})
socket.on('open', () => {
  parentPort!.postMessage('open')
  setTimeout(() => socket.send('sent while blocked'), 500)
  setInterval(() => {
    sentAt.push(performance.now())
    socket.ping()
  }, 100)
})

let reporting = false
function report(): void {
  if (messages.length === 0) return
  const open = socket.readyState === WebSocket.OPEN
  parentPort!.postMessage({ pongs, slowest, pinged, open, messages })
}
parentPort!.on('message', () => {
  reporting = true
  report()
})

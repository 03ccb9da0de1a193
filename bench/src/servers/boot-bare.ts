import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Booted } from '../cases/boot.ts'

const BARE = `
const { createServer } = require('node:http')
const server = createServer().listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage('listening'))`

const before = process.memoryUsage.rss()
const started = performance.now()
const workers = [0, 1].map(() => new Worker(BARE, { eval: true }))
await Promise.all(workers.map(worker => once(worker, 'message')))
const booted: Booted = { time: performance.now() - started, rss: process.memoryUsage.rss(), before }
process.send!(booted)

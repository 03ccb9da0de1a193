/**
 * The peers of the link: a bare worker thread that posts back what it gets, by hand or behind Comlink.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import { expose } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'

if (workerData === 'comlink') expose({ echo: (data: Uint8Array) => data }, nodeEndpoint(parentPort as never))
else parentPort!.on('message', message => parentPort!.postMessage(message))

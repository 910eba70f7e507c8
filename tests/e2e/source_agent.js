// SPDX-License-Identifier: Apache-2.0
// Refused deletions from JavaScript; prints where each was asked for, as V8 itself says in an Error.
//
//   source_agent.js DIR
'use strict';
const child = require('child_process');
const fs = require('fs');
const path = require('path');
const { Worker, isMainThread, workerData } = require('worker_threads');

const place = isMainThread ? process.argv[2] : workerData;

function name(word) {
  return path.join(place, 'kept', word);
}

// Where the caller is, "NAME FILE LINE FUNCTION"; to stand on the line of the call.
function here(word) {
  const line = new Error().stack.split('\n')[2];
  const [, call, file, number] = /at (?:(.*) \()?(?:file:\/\/)?([^()]*):(\d+):\d+\)?$/.exec(line);
  const last = (call || '<anonymous>').replace(/^(new|async) /, '').split('.').pop();
  fs.writeSync(1, `${word} ${path.basename(file)} ${number} ${call === 'Object.<anonymous>' ? '<anonymous>' : last}\n`);
}

function refused(call) {
  try {
    call();
  } catch (error) {
    if (error.code === 'EACCES') return;
    throw error;
  }
  throw new Error(`${call} was not refused`);
}

function direct() {
  here('direct'); fs.unlinkSync(name('direct'));
}

class Tool {
  method() {
    here('method'); fs.unlinkSync(name('method'));
  }
}

function* generator() {
  here('generator'); fs.unlinkSync(name('generator'));
  yield 1;
}

function library() {
  here('library'); fs.rmSync(name('library'), { recursive: true });
}

async function asynchronous() {
  await null;
  refused(function waited() { here('waited'); fs.unlinkSync(name('waited')); });
}

function sync() {
  here('sync'); child.spawnSync('rm', [name('sync')]);
}

function shell() {
  here('shell'); child.spawnSync(`(rm ${name('shell')}; true) | cat`, { shell: true });
}

function later() {
  here('later'); child.execFile('rm', [name('later')], () => {});
}

if (!isMainThread) {
  refused(function worker() { here('worker'); fs.unlinkSync(name('worker')); });
} else {
  refused(direct);
  refused(() => new Tool().method());
  refused(() => generator().next());
  refused(library);
  asynchronous();
  new Worker(__filename, { workerData: place });
  sync();
  shell();
  later();
}

// What becomes of a failure: each directive, back-off, the way up to the root; and of the lives that end.
import { describe, expect, it } from 'vitest';
import type { ActorContext } from '../../src/actors/actor.ts';
import { always } from '../../src/actors/supervision.ts';
import { gate, receiving, Stage } from './stage.ts';

const BACK_OFF = { minBackOffMs: 100, maxBackOffMs: 300, maxRestarts: 3, withinMs: 10_000 };

/** Fails on 'fail', counts its lives and what it handled in each. */
function fragile(stage: Stage, directive: 'resume' | 'restart' | 'stop' | 'escalate') {
  const seen: string[] = [];
  let lives = 0;
  const ref = stage.context.spawn<string, unknown>('part', {
    supervision: always(directive, BACK_OFF),
    create: () => {
      const life = ++lives;
      return {
        preStart: () => seen.push(`${life} starts`),
        receive(message) {
          if (message === 'fail') throw new Error(`broken ${life}`);
          seen.push(`${life} ${message}`);
        },
        preRestart: (error) => seen.push(`${life} fails: ${error.message}`),
        postStop: () => seen.push(`${life} stops`),
      };
    },
  });
  return { ref, seen };
}

describe('a failure', () => {
  it('resume: the message is dropped and the actor goes on', () => {
    const stage = new Stage();
    const { ref, seen } = fragile(stage, 'resume');
    for (const message of ['a', 'fail', 'b']) ref.tell(message);
    expect(seen).toEqual(['1 starts', '1 a', '1 b']);
    expect(stage.failures).toEqual([]);
  });

  it('restart: another life takes over what waits, after a pause', async () => {
    const stage = new Stage();
    const { ref, seen } = fragile(stage, 'restart');
    for (const message of ['a', 'fail', 'b']) ref.tell(message);
    expect(seen).toEqual(['1 starts', '1 a', '1 fails: broken 1', '1 stops']);
    await stage.clock.advance(99);
    expect(stage.statuses()['root/part']).toBe('restarting');
    await stage.clock.advance(1);
    expect(seen.slice(4)).toEqual(['2 starts', '2 b']);
    expect(stage.system.view()[1]).toMatchObject({ status: 'running', restarts: 1 });
  });

  it('restarts back off: twice as long each time, up to a bound, and anew once it was quiet', async () => {
    const stage = new Stage();
    const { ref } = fragile(stage, 'restart');
    const pauses: number[] = [];
    const failOnce = async () => {
      ref.tell('fail');
      const fromMs = stage.clock.monotonic();
      await stage.clock.runUntil(() => stage.statuses()['root/part'] === 'running', 5_000);
      pauses.push(stage.clock.monotonic() - fromMs);
    };
    for (let index = 0; index < 3; index++) await failOnce();
    await stage.clock.advance(10_000);
    await failOnce();
    expect(pauses).toEqual([100, 200, 300, 100]);
  });

  it('restart, too often: goes up with the reason', async () => {
    const stage = new Stage();
    const { ref } = fragile(stage, 'restart');
    for (let index = 0; index < 4; index++) {
      ref.tell('fail');
      await stage.clock.advance(300);
    }
    expect(stage.failures).toMatchObject([
      { error: { code: 'RESTART_LIMIT', cause: { message: 'broken 4' } }, origin: 'root/part' },
    ]);
    await stage.clock.advance(10_000);
    expect(stage.statuses()).toEqual({ root: 'running' });
  });

  it('stop: it ends, and whoever watches it is told', async () => {
    const stage = new Stage();
    const { ref, seen } = fragile(stage, 'stop');
    const ended: string[] = [];
    stage.context.spawn('watcher', {
      create: (context: ActorContext) => {
        context.watch(ref);
        return { receive() {}, terminated: (path) => ended.push(path) };
      },
    });
    ref.tell('fail');
    await stage.clock.settle();
    expect(ended).toEqual(['root/part']);
    expect(seen).toEqual(['1 starts', '1 stops']);
    expect(stage.failures).toEqual([]);
    expect(stage.statuses()).toEqual({ root: 'running', 'root/watcher': 'running' });
  });

  it('escalate: the parent has failed with the same error, and so on up to the root', async () => {
    const stage = new Stage();
    const middle = stage.context.spawn<never, void>('middle', {
      supervision: always('escalate'),
      create: (context) => {
        context.spawn(
          'leaf',
          receiving(
            () => {
              throw new Error('broken leaf');
            },
            { supervision: always('escalate') },
          ),
        );
        return { receive() {} };
      },
    });
    const ended: string[] = [];
    middle.onTerminated((path) => ended.push(path));
    stage.system.find('root/middle/leaf')?.tell(null as never);
    expect(stage.failures).toMatchObject([{ error: { message: 'broken leaf' }, origin: 'root/middle/leaf' }]);
    await stage.clock.settle();
    expect(ended).toEqual(['root/middle']);
  });

  it('escalated to a parent that restarts: its children go with it, and come back with it', async () => {
    const stage = new Stage();
    let lives = 0;
    const stopped: string[] = [];
    stage.context.spawn<never, void>('parent', {
      supervision: always('restart', BACK_OFF),
      create: (context) => {
        const life = ++lives;
        for (const name of ['one', 'two'])
          context.spawn(
            name,
            receiving(
              () => {
                throw new Error('broken');
              },
              { supervision: always('escalate'), hooks: { postStop: () => stopped.push(`${life} ${name}`) } },
            ),
          );
        return { receive() {}, postStop: () => stopped.push(`${life} parent`) };
      },
    });
    stage.system.find('root/parent/one')?.tell(null as never);
    await stage.clock.settle();
    expect(stopped).toEqual(['1 one', '1 two', '1 parent']);
    await stage.clock.advance(100);
    expect(lives).toBe(2);
    expect(stage.statuses()).toMatchObject({ 'root/parent/one': 'running', 'root/parent/two': 'running' });
    expect(stage.failures).toEqual([]);
  });

  it('reaches the supervision from a timer, a callback, its promise, work in the background and preStart alike', async () => {
    const sources: Record<string, (context: ActorContext) => unknown> = {
      timer: ({ clock }) =>
        clock.after(10, () => {
          throw new Error('broken');
        }),
      callback: (context) =>
        context.guard(() => {
          throw new Error('broken');
        })(),
      promise: (context) => context.guard(async () => Promise.reject(new Error('broken')))(),
      background: (context) => context.background(Promise.reject(new Error('broken'))),
      start: () => Promise.reject(new Error('broken')),
    };
    for (const [name, source] of Object.entries(sources)) {
      const stage = new Stage();
      let lives = 0;
      stage.context.spawn<never, void>(name, {
        supervision: always('restart', BACK_OFF),
        create: (context) => ({ preStart: () => (++lives === 1 ? source(context) : undefined), receive() {} }),
      });
      await stage.clock.advance(200);
      expect([name, lives]).toEqual([name, 2]);
      expect(stage.system.view()[1]).toMatchObject({ status: 'running', restarts: 1 });
    }
  });

  it('leaves nothing of a life that is over: its timers, callbacks and failures do nothing', async () => {
    const stage = new Stage();
    const done: string[] = [];
    const contexts: ActorContext[] = [];
    const late: (() => void)[] = [];
    const ref = stage.context.spawn<string, void>('part', {
      supervision: always('restart', BACK_OFF),
      create: (context) => {
        contexts.push(context);
        const life = contexts.length;
        context.clock.after(150, () => done.push(`timer ${life}`));
        late.push(context.guard(() => done.push(`callback ${life}`)));
        return {
          receive() {
            throw new Error('broken');
          },
        };
      },
    });
    expect(stage.timers.armed.size).toBe(1);
    ref.tell('fail');
    // That of the restart alone.
    expect(stage.timers.armed.size).toBe(1);
    await stage.clock.advance(100);
    for (const callback of late) callback();
    contexts[0]?.fail(new Error('late'));
    contexts[0]?.clock.after(1, () => done.push('armed late'));
    await stage.clock.advance(150);
    expect(done).toEqual(['callback 2', 'timer 2']);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(stage.system.view()[1]).toMatchObject({ restarts: 1 });
  });

  it('begins the next life only when what was under way has ended', async () => {
    const stage = new Stage();
    const door = gate();
    const steps: string[] = [];
    const contexts: ActorContext[] = [];
    const ref = stage.context.spawn<string, void>('part', {
      supervision: always('restart', BACK_OFF),
      create: (context) => {
        contexts.push(context);
        steps.push(`life ${contexts.length}`);
        return {
          async receive(message) {
            steps.push(`begin ${message}`);
            if (message === 'slow') await door.passed;
            steps.push(`end ${message}`);
          },
        };
      },
    });
    ref.tell('slow');
    ref.tell('next');
    contexts[0]?.fail(new Error('broken'));
    await stage.clock.advance(1_000);
    expect(steps).toEqual(['life 1', 'begin slow']);
    door.open();
    await stage.clock.settle();
    expect(steps).toEqual(['life 1', 'begin slow', 'end slow', 'life 2', 'begin next', 'end next']);
  });

  it('does not wait for ever for what was under way', async () => {
    const stage = new Stage();
    const ref = stage.context.spawn(
      'part',
      receiving(() => new Promise(() => {})),
    );
    ref.tell('hangs');
    let over = false;
    void stage.system.stop().then(() => {
      over = true;
    });
    await stage.clock.advance(9_000);
    expect(over).toBe(false);
    await stage.clock.advance(1_000);
    expect(over).toBe(true);
  });
});

describe('stopping', () => {
  it('ends children before their parent, and a hook that throws keeps nothing from ending', async () => {
    const stage = new Stage();
    const stopped: string[] = [];
    stage.context.spawn<never, void>('parent', {
      create: (context) => {
        context.spawn('child', {
          create: () => ({
            receive() {},
            postStop() {
              stopped.push('child');
              throw new Error('not in order');
            },
          }),
        });
        return { receive() {}, postStop: () => stopped.push('parent') };
      },
    });
    await stage.system.stop();
    expect(stopped).toEqual(['child', 'parent']);
    expect(stage.statuses()).toEqual({ root: 'stopped' });
    expect(stage.log.lines.filter(({ message }) => message.includes('did not end in order'))).toHaveLength(1);
  });

  it('keeps a second child of the same name out, until the first has stopped', async () => {
    const stage = new Stage();
    const first = stage.context.spawn(
      'part',
      receiving(() => {}),
    );
    expect(() =>
      stage.context.spawn(
        'part',
        receiving(() => {}),
      ),
    ).toThrow(expect.objectContaining({ code: 'NAME_TAKEN' }));
    await first.stop();
    expect(
      stage.context
        .spawn(
          'part',
          receiving(() => 'there'),
        )
        .tell(null),
    ).toBe('taken');
  });

  it('cancels a restart that was to come', async () => {
    const stage = new Stage();
    const { ref, seen } = fragile(stage, 'restart');
    ref.tell('fail');
    await stage.system.stop();
    await stage.clock.advance(10_000);
    expect(seen).toEqual(['1 starts', '1 fails: broken 1', '1 stops']);
  });
});

import { describe, expect, it } from 'vitest';
import { hrefOfMember, routeOf } from './route.ts';

describe('what an address names', () => {
  it('is the run at the root', () => {
    expect(routeOf('/')).toEqual({ page: 'run' });
    expect(routeOf('/index.html')).toEqual({ page: 'run' });
  });
  it('is a member, there and back', () => {
    expect(routeOf(hrefOfMember('16Uiu2HAm/x'))).toEqual({ page: 'member', peerId: '16Uiu2HAm/x' });
  });
  it.each(['/join', '/members', '/members/', '/members/a/b', '/members/%E0%A4%A', `/members/${'x'.repeat(400)}`])(
    'is none of both: %s',
    (path) => expect(routeOf(path)).toEqual({ page: 'none' }),
  );
});

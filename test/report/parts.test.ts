import fc from "fast-check";
import { expect, test } from "vitest";
import { histogram, smooth, thin } from "#nearmiss/report/charts.js";
import { count, measureName, pPhrase, signed } from "#nearmiss/report/figures.js";
import { embeddedJson, html } from "#nearmiss/report/html.js";

test("values in a template are escaped, markup and lists of it are not", () => {
  const item = html`<li title="${`"'`}">${"<&>"}</li>`;
  expect(html`<ul>${[item, null, 3]}</ul>`.markup).toBe(`<ul><li title="&quot;&#39;">&lt;&amp;&gt;</li>3</ul>`);
});

test("embedded JSON cannot end its element and reads back", () => {
  const value = { text: "</script><!--" };
  const { markup } = embeddedJson("x", value);
  expect(markup.indexOf("</script>")).toBe(markup.length - "</script>".length);
  expect(JSON.parse(/>(.*)<\/script>/.exec(markup)?.[1] ?? "")).toEqual(value);
});

test("a histogram counts every value once, in the bin that holds it", () => {
  const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, values, (a, b) => {
      const { x, shares } = histogram([a, b], 10);
      expect(x).toHaveLength(10);
      for (const [i, group] of [a, b].entries()) {
        const total = (shares[i] ?? []).reduce((sum, share) => sum + share * group.length, 0);
        expect(total).toBeCloseTo(group.length, 9);
      }
    }),
  );
  expect(histogram([[0, 0.1, 1], [0.95]], 2).shares).toEqual([
    [2 / 3, 1 / 3],
    [0, 1],
  ]);
});

test("thinning keeps the mean of each run and its last x; smoothing starts at the first value", () => {
  expect(
    thin(
      [
        [1, 2],
        [2, 4],
        [3, 6],
        [4, 8],
        [5, 1],
      ],
      3,
    ),
  ).toEqual([
    [2, 3],
    [4, 7],
    [5, 1],
  ]);
  expect(smooth([1, 1, 2], 0.5)).toEqual([1, 1, 1.5]);
});

test("figures are written as in papers", () => {
  expect(["ndcg@10", "r-precision", "hit@1"].map(measureName)).toEqual(["nDCG@10", "R-precision", "Hit@1"]);
  expect([signed(0.0991), signed(-0.02), signed(-0.0001)]).toEqual(["+0.099", "−0.020", "0.000"]);
  expect([pPhrase(0.0001), pPhrase(0.2)]).toEqual(["p\u00a0<\u00a00.001", "p\u00a0=\u00a00.200"]);
  expect(count(16407)).toBe("16,407");
});

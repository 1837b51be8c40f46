"""The style of a page: calm on a screen in light and dark, narrow and wide, and on paper.

Colours of text have a contrast of at least 4.5:1 with what is behind them. Nothing is told by colour alone: numbers of
inactive units are also slanted.
"""

from backprop_cli.render.html.matrices import MOST_PADS

__all__ = ["SEVERAL", "style"]

_LIGHT = {
    "paper": "#fff",
    "ink": "#1c2127",
    "muted": "#59626d",
    "link": "#0b57d0",
    "panel": "#f5f7fa",
    "line": "#d5dae1",
}
_DARK = {
    "paper": "#14181d",
    "ink": "#e4e8ed",
    "muted": "#a4aeb9",
    "link": "#8ab8ff",
    "panel": "#1e242b",
    "line": "#39424d",
}

_SCREEN = """
*{box-sizing:border-box}
:root{--stroke:1.5px}
html{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Roboto,
"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums lining-nums;
-webkit-text-size-adjust:100%;scroll-padding:1rem}
body{max-width:75rem;margin:0 auto;padding:2rem 1.5rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem;text-wrap:balance}
h2{font-size:1.15rem;margin:2.75rem 0 .5rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
h2 small{font-weight:400;font-size:.9rem;color:var(--muted)}
h3,h4{font-size:1rem;margin:0}
h4{font-weight:600}
p,ul{margin:.4rem 0}
ul{padding-left:1.2rem}
a{color:var(--link)}
a:focus-visible,.scroll:focus-visible,.entry:focus-visible{
outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
code{font:.9em/1.45 ui-monospace,"SF Mono",Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
math{font-size:1.12em}
math[display=block]{width:max-content;margin:0}
.source,.note,.where,.how{color:var(--muted);font-size:.875rem}
.where,.signs{list-style:none;padding:0}
.signs{color:var(--muted);font-size:.875rem;margin:.75rem 0}
.row,.part,.rule{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem .6rem}
.part{min-width:0;max-width:100%}
.rule{gap:.2rem 1.5rem;overflow-x:auto;overflow-y:hidden;padding:.15rem 0;margin:.1rem 0}
.entry .rule{gap:.2rem .4rem;margin:.3rem 0}
.row.given{gap:.75rem 2.25rem}
.step{display:grid;grid-template-columns:minmax(0,1fr);gap:.5rem 2rem;padding:1.1rem 0;align-items:start}
.step+.step{border-top:1px solid var(--line)}
.words{color:var(--muted)}
.scroll{overflow-x:auto;min-width:0;max-width:100%;padding:2px}
.op{color:var(--muted)}
table{border-collapse:separate;border-spacing:0}
caption{caption-side:bottom;font-size:.8rem;line-height:1.2rem;color:var(--muted);white-space:nowrap}
.name{color:inherit}
.matrix th{font-size:.7rem;font-weight:400;color:var(--muted);padding:0 .5em;text-align:center;line-height:1rem}
.matrix thead td{padding:0}
.matrix td{padding:.06rem calc(1ch + var(--pad,0ch)) .06rem 1ch;text-align:right;white-space:nowrap;--t:#0000;--b:#0000;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.matrix tbody td{background:linear-gradient(var(--lt,#0000),var(--lt,#0000)) 0 0/.4em var(--stroke) no-repeat,
linear-gradient(var(--lb,#0000),var(--lb,#0000)) 0 100%/.4em var(--stroke) no-repeat,
linear-gradient(var(--rt,#0000),var(--rt,#0000)) 100% 0/.4em var(--stroke) no-repeat,
linear-gradient(var(--rb,#0000),var(--rb,#0000)) 100% 100%/.4em var(--stroke) no-repeat}
.matrix tbody td:nth-child(2){border-left:var(--stroke) solid var(--ink)}
.matrix tbody td:last-child{border-right:var(--stroke) solid var(--ink)}
.matrix tbody tr:first-child td:nth-child(2){--lt:var(--ink)}
.matrix tbody tr:last-child td:nth-child(2){--lb:var(--ink)}
.matrix tbody tr:first-child td:last-child{--rt:var(--ink)}
.matrix tbody tr:last-child td:last-child{--rb:var(--ink)}
.matrix .gap{text-align:center;color:var(--muted)}
.operand{padding-top:calc(1rem + 2px)}
.operand thead,.operand th{position:absolute;width:1px;height:1px;
overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.inactive{color:var(--muted);font-style:italic}
td a{text-decoration:none}
td a:hover,td code a:hover{text-decoration:underline}
.inactive a{color:var(--muted)}
.matrix a:target{outline:2px solid var(--link);outline-offset:1px;border-radius:3px}
.entry{display:none;background:var(--panel);border-left:3px solid var(--line);border-radius:0 6px 6px 0;
padding:.6rem .9rem;scroll-margin-top:min(45vh,22rem)}
.entry.shown,.entry:target{display:block}
.entry:target{border-left-color:var(--link)}
.entries.one:has(>.entry:target)>.shown:not(:target){display:none}
.wide .entry,.long .entry{max-width:52rem}
.entry+.entry{margin-top:.5rem}
.back{display:none;font-size:.875rem}
.entry:target .back{display:inline-block}
.term{font-size:.875rem;margin:.35rem 0}
.term span{display:inline-block}
.terms{width:100%;margin:.35rem 0;font-size:.875rem}
.terms span{display:inline-block}
.terms th{font-size:.8rem;font-weight:400;color:var(--muted);text-align:right;vertical-align:bottom;white-space:nowrap;
padding:0 0 .1rem .9rem;border-bottom:1px solid var(--line)}
.terms th:first-child,.terms td:first-child{text-align:left;padding-left:0;white-space:normal;width:100%}
.terms td{padding:.12rem var(--pad,0ch) .12rem .9rem;text-align:right;vertical-align:baseline;white-space:nowrap}
.terms td code a{color:inherit;text-decoration:underline dotted;text-underline-offset:.2em}
.terms tr.inactive{font-style:normal}
.tree,.tree ul{list-style:none;padding-left:1.25rem;border-left:2px solid var(--line);margin:.75rem 0}
.tree li{margin:.6rem 0;scroll-margin-top:1rem}
.tree li:target>div:first-child{background:var(--panel);outline:2px solid var(--link);outline-offset:2px}
.equal{padding-left:1.25rem;text-indent:-.9rem;margin-left:.9rem}
.network{overflow-x:auto;margin:1rem 0}
.network svg{display:block;width:100%;min-width:40rem;max-width:50rem;height:auto}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (min-width:78rem){
.front{display:grid;grid-template-columns:minmax(0,50rem) minmax(22rem,1fr);gap:0 2rem}
.front .given .scroll{font-size:clamp(.75em,calc(19rem/(var(--width,1)*.6)),1em)}
}
@media (min-width:62rem){
.step:not(.wide,.long){grid-template-columns:minmax(0,1fr) minmax(0,28rem)}
.step:not(.wide,.long) .entries{grid-column:2;grid-row:1/span 4}
}
@media (max-width:34rem){
body{padding:1.25rem 1rem 3rem}
h1{font-size:1.35rem}
.entry{padding:.5rem .65rem}
.terms tr{display:grid;grid-template-columns:1fr minmax(7.5rem,auto) minmax(6.5rem,auto);padding:.15rem 0}
.terms tbody td:first-child{grid-column:1/-1}
.terms td:nth-child(2),.terms th:nth-child(2){grid-column:2}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
"""

_PRINT = """
@media print{
@page{margin:9mm 11mm}
:root{--stroke:1px}
html{font-size:7.2pt;line-height:1.22}
body{max-width:none;padding:0}
h1{font-size:13pt;text-wrap:wrap}
h2{font-size:9.5pt;margin:.6rem 0 0;padding:0 0 .1rem;break-after:avoid}
h3{display:none}
math{font-size:1em}
.rule>math,.entry .rule{padding:0}
a,.name,.terms td code a{color:inherit;text-decoration:none}
.how,.back{display:none!important}
.source,.signs,.where,.note{font-size:7pt;margin:.15rem 0}
.front{display:grid;grid-template-columns:minmax(0,44rem) minmax(0,1fr);gap:0 1rem}
.front .row.given{gap:.1rem 1rem}
.network{margin:.3rem 0 0}
.network svg{min-width:0}
.steps{columns:2;column-gap:8mm}
.step{display:block;padding:.2rem 0;break-inside:avoid}
.step.wide,.left{column-span:all}
.row,.part,.rule{gap:.1rem .45rem}
.entry{padding:0 0 0 .6rem;margin:.2rem 0 0;break-inside:avoid;background:none;border-radius:0}
.entry h4{display:inline-block}
.entry .rule{display:inline-flex}
.entry h4,.entry .rule{vertical-align:middle;margin:.1rem 1.2rem .1rem 0}
.term{margin:.1rem 0}
.terms,.term{margin:0}
.term,.terms{font-size:.85rem}
caption{line-height:1rem}
.terms th,.terms td{padding-left:.5rem}
.terms td{padding-top:0;padding-bottom:0}
.scroll,.rule,.network{overflow:visible}
.matrix thead,.matrix th{display:none}
.matrix tbody td:first-of-type{border-left:var(--stroke) solid var(--ink)}
.operand{padding-top:2px}
.scroll{font-size:min(1em,calc(86mm/(var(--width,1)*.6)))}
.wide .scroll,.given .scroll{font-size:min(1em,calc(182mm/(var(--width,1)*.6)))}
.front .given .scroll{font-size:min(1em,calc(46mm/(var(--width,1)*.6)))}
section.given,.network,.left{break-inside:avoid}
}
"""


# What else a page of several problems needs: each begins on a new sheet of paper.
SEVERAL = """
nav{margin-bottom:2.5rem}
article{scroll-margin-top:1rem}
article+article{margin-top:4rem;border-top:4px double var(--line);padding-top:2rem}
@media print{
nav{display:none}
article+article{margin:0;border:0;padding:0;break-before:page}
}
"""


def style() -> str:
    """Return the rules of the style."""
    pads = "".join(
        f".d{n}{{--pad:{n}ch}}.n{n}{{--pad:{n}.5ch}}" for n in range(1, MOST_PADS + 1)
    )  # a point is about half as wide as a digit
    # On paper, colours are those of the light.
    dark = f"@media screen and (prefers-color-scheme:dark){{{_colours(_DARK)}}}"
    return f"{_colours(_LIGHT)}\n{dark}{_SCREEN}{pads}{_PRINT}"


def _colours(colours: dict[str, str]) -> str:
    return f":root{{{''.join(f'--{name}:{colour};' for name, colour in colours.items())}}}"

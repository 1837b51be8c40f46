"""The page of one entry: its rule, its terms, and where their factors come from."""

import pytest

from tests.conftest import ROOT, Run
from tests.render.html.reader import Element, page, terms, with_id

SAMPLES = ROOT / "samples"
TIMES = "\N{MULTIPLICATION SIGN}"


def of(backprop: Run, sample: str, entry: str, *options: str) -> Element:
    ran = backprop("explain", SAMPLES / f"{sample}.json", entry, "--format", "html", *options)
    assert (ran.status, ran.err) == (0, "")
    return page(ran.out)


def test_an_entry_has_its_rule_its_terms_and_their_sources(backprop: Run) -> None:
    root = of(backprop, "dense_relu", "dweights[2,1]")
    assert root.one("h1").text == "dweights[2,1] = 7.0983"
    assert root.one("title").text == "dweights[2,1] = 7.0983"
    assert len(list(root.all("math"))) == 2  # the chain of derivatives, and the rule
    assert terms(root)[0] == ["inputs[0,2] * dz[0,1]", f"3 {TIMES} 1.21", "3.63", "3.63"]
    assert [each.attributes["id"] for each in root.all("li") if "id" in each.attributes] == [
        *("dz[0,1]", "dz[1,1]", "dz[2,1]")
    ]
    assert with_id(root, "dz[1,1]").text.endswith(f"= outputs[1,1] * relu'(z[1,1])= 0 {TIMES} 0= 0 (inactive)")


def test_levels_of_sources_are_lists_in_lists(backprop: Run) -> None:
    root = of(backprop, "two_layers", "layers[0].new_weights[1,0]", "--depth", "2")
    outer = with_id(root, "layers[0].dweights[1,0]")
    assert [each.attributes["id"] for each in outer.all("li")] == ["layers[0].dz[0,0]"]
    assert "#layers[0].dz[0,0]" in [link.attributes["href"] for link in outer.all("a")]


def test_an_entry_that_was_explained_is_not_explained_again(backprop: Run) -> None:
    root = of(backprop, "softmax_classifier", "dz[0,1]", "--depth", "all")
    assert "z[0,0] = 1.3: as above" in [each.text for each in root.all("li")]


def test_the_chain_rule_through_upstream_is_shown_where_a_step_leaves_it_out(backprop: Run) -> None:
    root = of(backprop, "softmax_classifier", "dz[0,1]")
    headings = [each.text for each in root.all("h2")]
    assert headings == ["The same by the chain rule, through upstream", "Where the factors come from"]
    assert "= 0.078417295 + 0 + 0" in [line.text for line in root.all("div", "equal")]
    assert "The 2 terms add up to 0.23525188; divided by 3 (n_samples), that is dz[0,1] = 0.078417295." in root.text


def test_sources_show_their_chain_rule_too(backprop: Run) -> None:
    root = of(backprop, "softmax_classifier", "dbiases[1]", "--depth", "2")
    assert "through upstream:" in with_id(root, "dz[0,1]").text


def test_an_entry_without_sources_ends_with_its_terms(backprop: Run) -> None:
    root = of(backprop, "single_neuron", "z[0,0]")
    assert not list(root.all("h2"))


def test_a_tree_that_is_cut_says_so(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_cli.explanations.explainer._MOST_ENTRIES", 1)
    assert "(further sources are left out)" in of(backprop, "dense_relu", "new_weights[0,0]", "--depth", "all").text


def test_an_entry_that_there_is_not_is_told(backprop: Run) -> None:
    ran = backprop("explain", SAMPLES / "dense_relu.json", "dweights[9,1]", "--format", "html")
    assert (ran.status, ran.out) == (2, "")

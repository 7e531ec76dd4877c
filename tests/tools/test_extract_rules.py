"""The rules of conversion, one by one on small graphs, as the official frontend 1.47.12 has them."""

import pytest

from tools.extract.convert import convert, resolve_dynamic_prompt
from tools.extract.graph import BYPASS, NEVER, TemplateError

pytestmark = pytest.mark.everything


def definition(required, output=(), **more):
    return {"input": {"required": required}, "input_order": {"required": list(required)}, "output": output, **more}


OPTIONS = [
    {"key": "off", "inputs": {}},
    {
        "key": "on",
        "inputs": {
            "required": {"amount": ["INT", {"default": 3}], "mask": ["MASK"]},
            "optional": {"kind": ["COMBO", {"options": ["soft", "hard"]}]},
        },
    },
]
NODES = {
    "Load": definition({"file": [["a.png", "b.png"]]}, ["IMAGE", "MASK"], display_name="Load a file"),
    "Filter": definition({"image": ["IMAGE"], "mask": ["MASK"], "strength": ["FLOAT", {"default": 0.5}]}, ["IMAGE"]),
    "Paint": definition({"mask": ["MASK"], "image": ["IMAGE"]}, ["IMAGE"]),
    "Save": definition({"image": ["IMAGE"], "name": ["STRING", {"default": "out"}]}, output_node=True),
    "Number": definition({"value": ["INT", {}]}, ["INT"]),
    "Seeded": definition({"seed": ["INT", {}], "steps": ["INT", {"default": 20}], "image": ["IMAGE"]}, ["IMAGE"]),
    "Controlled": definition({"value": ["FLOAT", {"control_after_generate": True}], "label": ["STRING", {}]}),
    "Forced": definition({"text": ["STRING", {"forceInput": True}], "size": ["INT", {"default": 8}]}),
    "Special": definition(
        {"rate": ["FLOAT,INT", {"widgetType": "FLOAT"}], "colors": ["COLORS", {"socketless": True}], "n": ["INT"]}
    ),
    "Choice": definition({"mode": ["COMFY_DYNAMICCOMBO_V3", {"options": OPTIONS}], "last": ["INT", {"default": 9}]}),
    "Sum": definition(
        {
            "expression": ["STRING", {"default": "a"}],
            "values": ["COMFY_AUTOGROW_V3", {"template": {"names": ["a", "b"]}}],
            "digits": ["INT", {"default": 2}],
        },
        ["INT"],
    ),
    "Switch": definition(
        {
            "yes": ["COMFY_MATCHTYPE_V3", {"template": {"template_id": "t", "allowed_types": "*"}}],
            "no": ["COMFY_MATCHTYPE_V3", {"template": {"template_id": "t", "allowed_types": "*"}}],
        },
        ["COMFY_MATCHTYPE_V3"],
        output_matchtypes=["t"],
    ),
    "Encode": definition({"text": ["STRING", {"dynamicPrompts": True}]}, ["CONDITIONING"]),
}


def node(node_id, kind, values=None, links=None, **more):
    """A saved node; `links` are its inputs, {name: link id}."""
    inputs = [{"name": name, "type": "*", "link": link} for name, link in (links or {}).items()]
    return {"id": node_id, "type": kind, "inputs": inputs, "widgets_values": values or [], **more}


def template(nodes, links=(), subgraphs=()):
    return {"nodes": nodes, "links": list(links), "definitions": {"subgraphs": list(subgraphs)}, "last_node_id": 100}


def inputs(saved, node_id, modes=None):
    return convert(saved, NODES, modes)[node_id]["inputs"]


def chain(*middle, links):
    """Load (1) -> middle -> Save (9); `links` are [id, from, output, to] lists."""
    nodes = [node(1, "Load", ["b.png"]), *middle, node(9, "Save", ["x"], {"image": links[-1][0]})]
    return template(nodes, [[*link, 0, "*"] for link in links])


def test_node_keeps_its_title_and_takes_the_class_name_without_one():
    prompt = convert(template([node(1, "Load", ["a.png"]), node(2, "Load", ["a.png"], title="Mine")]), NODES)
    assert [entry["_meta"]["title"] for entry in prompt.values()] == ["Load a file", "Mine"]


def test_muted_node_has_no_output():
    saved = chain(node(2, "Filter", [1], {"image": 1}, mode=NEVER), links=[[1, 1, 0, 2], [2, 2, 0, 9]])
    assert inputs(saved, "9") == {"name": "x"}


def test_bypassed_node_passes_on_the_same_slot_if_the_types_fit():
    saved = chain(node(2, "Filter", [1], {"image": 1}, mode=BYPASS), links=[[1, 1, 0, 2], [2, 2, 0, 9]])
    assert inputs(saved, "9")["image"] == ["1", 0]


def test_bypassed_node_passes_on_another_slot_of_the_same_type():
    saved = chain(node(2, "Paint", [], {"image": 1}, mode=BYPASS), links=[[1, 1, 0, 2], [2, 2, 0, 9]])
    assert inputs(saved, "9")["image"] == ["1", 0]


def test_bypassed_node_without_a_fitting_input_has_no_output():
    saved = chain(node(2, "Load", ["a.png"], mode=BYPASS), links=[[2, 2, 0, 9]])
    assert inputs(saved, "9") == {"name": "x"}


def test_inputs_that_share_a_type_take_only_that_type_from_a_bypassed_node():
    """The first input of Paint is a mask: by the switch's other side, this one wants an image, which is not linked."""
    nodes = [
        node(1, "Load"),
        node(2, "Paint", [], {"mask": 1}, mode=BYPASS),
        node(3, "Switch", [], {"yes": 2, "no": 3}),
    ]
    links = [[1, 1, 1, 2, 0, "MASK"], [2, 2, 0, 3, 0, "IMAGE"], [3, 1, 0, 3, 1, "IMAGE"]]
    assert inputs(template(nodes, links), "3") == {"no": ["1", 0]}


def test_mode_can_be_overridden_by_id():
    saved = chain(node(2, "Filter", [1], {"image": 1}, mode=BYPASS), links=[[1, 1, 0, 2], [2, 2, 0, 9]])
    assert inputs(saved, "9", {"2": 0})["image"] == ["2", 0]
    with pytest.raises(TemplateError, match="no node 77"):
        convert(saved, NODES, {"77": 4})


def test_reroutes_are_passed_through():
    reroutes = [node(2, "Reroute", None, {"": 1}), node(3, "Reroute", None, {"": 2})]
    saved = chain(*reroutes, links=[[1, 1, 0, 2], [2, 2, 0, 3], [3, 3, 0, 9]])
    assert convert(saved, NODES).keys() == {"1", "9"}
    assert inputs(saved, "9")["image"] == ["1", 0]


def test_primitive_node_becomes_a_literal():
    linked = node(2, "Number", [1], {"value": 5})
    saved = template([node(1, "PrimitiveNode", [42, "fixed"]), linked], [[5, 1, 0, 2, 0, "INT"]])
    assert convert(saved, NODES).keys() == {"2"}
    assert inputs(saved, "2") == {"value": 42}


def test_notes_vanish():
    assert convert(template([node(1, "Note", ["hi"]), node(2, "MarkdownNote", ["# hi"])]), NODES) == {}


def test_link_wins_over_the_widget_value():
    saved = template([node(1, "Number", [1]), node(2, "Number", [7], {"value": 5})], [[5, 1, 0, 2, 0, "INT"]])
    assert inputs(saved, "2") == {"value": ["1", 0]}


def test_value_after_a_seed_is_skipped():
    assert inputs(template([node(1, "Seeded", [123, "randomize", 30])]), "1") == {"seed": 123, "steps": 30}


def test_value_after_control_after_generate_is_skipped():
    assert inputs(template([node(1, "Controlled", [0.5, "fixed", "a"])]), "1") == {"value": 0.5, "label": "a"}


def test_missing_trailing_values_take_defaults_and_extra_ones_are_ignored():
    saved = template([node(1, "Seeded", [123]), node(2, "Number", [1, 2, 3]), node(3, "Load")])
    assert inputs(saved, "1") == {"seed": 123, "steps": 20}
    assert inputs(saved, "2") == {"value": 1}
    assert inputs(saved, "3") == {"file": "a.png"}


def test_values_may_be_saved_by_name():
    assert inputs(template([node(1, "Seeded", {"steps": 5, "seed": 1})]), "1") == {"seed": 1, "steps": 5}


def test_link_only_input_owns_no_value():
    assert inputs(template([node(1, "Forced", [64])]), "1") == {"size": 64}


def test_value_that_an_old_file_saved_for_a_link_only_input_is_skipped():
    assert inputs(template([node(1, "Forced", ["old", 64])]), "1") == {"size": 64}


def test_widget_type_and_socketless_inputs_own_a_value_and_lists_are_wrapped():
    values = inputs(template([node(1, "Special", [24, ["#fff", "#000"], 3])]), "1")
    assert values == {"rate": 24, "colors": {"__value__": ["#fff", "#000"]}, "n": 3}


def test_dynamic_combo_brings_the_inputs_of_its_option():
    saved = template([node(1, "Choice", ["on", 5, "hard", 7]), node(2, "Choice", ["off", 7])])
    assert inputs(saved, "1") == {"mode": "on", "mode.amount": 5, "mode.kind": "hard", "last": 7}
    assert inputs(saved, "2") == {"mode": "off", "last": 7}


def test_dynamic_combo_takes_links_to_its_inputs():
    linked = node(2, "Choice", ["on", 5, "soft"], {"mode.mask": 1, "mode.amount": 2})
    saved = template([node(1, "Load"), node(3, "Number"), linked], [[1, 1, 1, 2, 0, "*"], [2, 3, 0, 2, 1, "*"]])
    expected = {"mode": "on", "mode.amount": ["3", 0], "mode.mask": ["1", 1], "mode.kind": "soft", "last": 9}
    assert inputs(saved, "2") == expected


def test_grown_inputs_own_no_value():
    saved = template([node(1, "Number", [4]), node(2, "Sum", ["a + 1", 6], {"values.a": 5})], [[5, 1, 0, 2, 0, "INT"]])
    assert inputs(saved, "2") == {"expression": "a + 1", "values.a": ["1", 0], "digits": 6}


def test_custom_combo_knows_the_index_of_its_choice():
    nodes = {"CustomCombo": definition({"choice": ["COMBO", {"options": []}]}, ["STRING", "INT"])}
    prompt = convert(template([node(1, "CustomCombo", ["b", 0, "a", "b", ""])]), nodes)
    assert prompt["1"]["inputs"] == {"choice": "b", "index": 1, "option1": "a", "option2": "b", "option3": ""}


def test_unknown_class_is_an_error_unless_it_is_passed_through():
    unknown = node(2, "Mystery", [1], {"image": 1}, outputs=[{"type": "IMAGE"}])
    saved = chain(unknown, links=[[1, 1, 0, 2], [2, 2, 0, 9]])
    with pytest.raises(TemplateError, match="node 2: ComfyUI has no class 'Mystery'"):
        convert(saved, NODES)
    assert inputs(saved, "9", {"2": BYPASS})["image"] == ["1", 0]


def test_links_in_a_circle_are_an_error():
    reroutes = [node(2, "Reroute", None, {"": 1}), node(3, "Reroute", None, {"": 2})]
    with pytest.raises(TemplateError, match="circle"):
        convert(chain(*reroutes, links=[[1, 3, 0, 2], [2, 2, 0, 3], [3, 3, 0, 9]]), NODES)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("plain, with a \\(weight\\)", "plain, with a \\(weight\\)"),
        ("a {red|blue} kite", "a red kite"),
        ("a {red {deep|pale}|blue} kite", "a red deep kite"),
        ("kept \\{as it is\\}", "kept {as it is}"),
        ("a kite // not this\nat sea /* nor\nthis */now", "a kite \nat sea now"),
    ],
)
def test_dynamic_prompt_is_resolved(text, resolved):
    assert resolve_dynamic_prompt(text) == resolved
    assert inputs(template([node(1, "Encode", [text])]), "1") == {"text": resolved}


# Subgraphs.


def link(link_id, origin, origin_slot, target, target_slot=0):
    """Inside subgraphs, links are objects; -10 is the input side, -20 the output side."""
    ends = {"origin_id": origin, "origin_slot": origin_slot, "target_id": target, "target_slot": target_slot}
    return {"id": link_id, **ends, "type": "*"}


def subgraph(nodes, links, takes=(), gives=(), name="sub"):
    """`takes` and `gives` are (name, type, link ids)."""
    slots = [[{"name": n, "type": t, "linkIds": ids} for n, t, ids in side] for side in (takes, gives)]
    return {"id": name, "name": name, "nodes": nodes, "links": links, "inputs": slots[0], "outputs": slots[1]}


FILTER = subgraph(
    [node(11, "Filter", [0.1], {"image": 1, "strength": 2}), node(12, "Filter", [0.2], {"image": 4, "strength": 5})],
    [link(1, -10, 0, 11), link(2, -10, 1, 11, 2), link(3, 12, 0, -20), link(4, 11, 0, 12), link(5, -10, 1, 12, 2)],
    takes=[("image", "IMAGE", [1]), ("strength", "FLOAT", [2, 5])],
    gives=[("IMAGE", "IMAGE", [3])],
)


def with_instance(instance, sub=FILTER, extra=(), links=()):
    nodes = [node(1, "Load", ["a.png"]), instance, node(9, "Save", ["x"], {"image": 91}), *extra]
    return template(nodes, [[90, 1, 0, 5, 0, "*"], [91, 5, 0, 9, 0, "*"], *links], [sub])


def test_inner_nodes_get_scoped_ids_and_links_cross_the_border():
    prompt = convert(with_instance(node(5, "sub", None, {"image": 90})), NODES)
    assert prompt.keys() == {"1", "5:11", "5:12", "9"}
    assert prompt["5:11"]["inputs"]["image"] == ["1", 0]
    assert prompt["5:12"]["inputs"]["image"] == ["5:11", 0]
    assert prompt["9"]["inputs"]["image"] == ["5:12", 0]


def test_promoted_input_starts_with_the_first_inner_value():
    prompt = convert(with_instance(node(5, "sub", None, {"image": 90})), NODES)
    assert [prompt[inner]["inputs"]["strength"] for inner in ("5:11", "5:12")] == [0.1, 0.1]


def test_promoted_values_go_by_position_over_inputs_with_a_widget():
    assert inputs(with_instance(node(5, "sub", [0.7], {"image": 90})), "5:12")["strength"] == 0.7


def test_named_value_wins_over_position_and_a_quarantined_one_over_both():
    entry = {"originalEntry": ["-1", "strength"], "hostValue": 0.9, "reason": "missingSourceNode"}
    named = node(5, "sub", [0.7], {"image": 90}, widgets_values_named={"strength": 0.8})
    assert inputs(with_instance(named), "5:11")["strength"] == 0.8
    kept = {**named, "properties": {"proxyWidgetErrorQuarantine": [entry]}}
    assert inputs(with_instance(kept), "5:11")["strength"] == 0.9


def test_link_to_an_instance_wins_over_its_value():
    saved = with_instance(
        node(5, "sub", [0.7], {"image": 90, "strength": 92}),
        extra=[node(2, "Number", [1])],
        links=[[92, 2, 0, 5, 1, "*"]],
    )
    assert inputs(saved, "5:11")["strength"] == ["2", 0]


def test_proxy_widgets_hold_values_in_their_own_order():
    proxies = {"proxyWidgets": [["12", "strength"], ["11", "strength"]]}
    instance = node(5, "sub", [0.6, 0.3], {"image": 90}, properties=proxies)
    prompt = convert(with_instance(instance), NODES)
    # 11 stands for the input that both share; 12 gets an input of its own.
    assert prompt["5:11"]["inputs"]["strength"] == 0.3
    assert prompt["5:12"]["inputs"]["strength"] == 0.6


def test_proxy_widget_without_a_value_keeps_the_inner_one():
    proxies = {"proxyWidgets": [["12", "strength"], ["99", "gone"]]}
    instance = node(5, "sub", [], {"image": 90}, properties=proxies)
    assert inputs(with_instance(instance), "5:12")["strength"] == 0.2


def test_instance_stands_in_for_a_primitive_inside():
    sub = subgraph([node(11, "PrimitiveNode", [3]), node(12, "Number", [4], {"value": 1})], [link(1, 11, 0, 12)])
    instance = node(5, "sub", [7], properties={"proxyWidgets": [["11", "value"]]})
    assert inputs(template([instance], subgraphs=[sub]), "5:12") == {"value": 7}
    assert inputs(template([{**instance, "properties": {}}], subgraphs=[sub]), "5:12") == {"value": 3}


def test_promoted_combo_without_a_value_takes_the_first_option():
    sub = subgraph([node(11, "Load", ["b.png"], {"file": 1})], [link(1, -10, 0, 11)], takes=[("file", "COMBO", [1])])
    assert inputs(template([node(5, "sub", [None])], subgraphs=[sub]), "5:11") == {"file": "a.png"}


def test_promoted_literal_is_emitted_into_a_bare_socket():
    sub = subgraph(
        [node(11, "Number", [3], {"value": 1}), node(12, "Forced", [8], {"text": 2})],
        [link(1, -10, 0, 11), link(2, -10, 0, 12)],
        takes=[("value", "INT", [1, 2])],
    )
    prompt = convert(template([node(5, "sub", [6])], subgraphs=[sub]), NODES)
    assert prompt["5:11"]["inputs"] == {"value": 6}
    assert prompt["5:12"]["inputs"] == {"text": 6, "size": 8}


def test_nested_instances_pass_values_down_and_links_up():
    outer = subgraph(
        [node(21, "sub", [0.4], {"image": 1, "strength": 2})],
        [link(1, -10, 0, 21), link(2, -10, 1, 21, 1), link(3, 21, 0, -20)],
        takes=[("image", "IMAGE", [1]), ("power", "FLOAT", [2])],
        gives=[("IMAGE", "IMAGE", [3])],
        name="outer",
    )
    nodes = [node(1, "Load"), node(5, "outer", [0.9], {"image": 90}), node(9, "Save", [], {"image": 91})]
    saved = template(nodes, [[90, 1, 0, 5, 0, "*"], [91, 5, 0, 9, 0, "*"]], [outer, FILTER])
    prompt = convert(saved, NODES)
    assert prompt["5:21:11"]["inputs"] == {"image": ["1", 0], "strength": 0.9}
    assert prompt["9"]["inputs"]["image"] == ["5:21:12", 0]
    nodes[1]["widgets_values"] = []
    assert inputs(saved, "5:21:11")["strength"] == 0.4


def test_inner_mode_can_be_overridden_by_scoped_id():
    prompt = convert(with_instance(node(5, "sub", None, {"image": 90})), NODES, {"5:12": BYPASS})
    assert prompt["9"]["inputs"]["image"] == ["5:11", 0]


def test_bypassed_instance_passes_its_input_on_and_hides_its_inside():
    prompt = convert(with_instance(node(5, "sub", None, {"image": 90}, mode=BYPASS)), NODES)
    assert prompt.keys() == {"1", "9"}
    assert prompt["9"]["inputs"]["image"] == ["1", 0]


def test_muted_instance_has_neither_inside_nor_output():
    prompt = convert(with_instance(node(5, "sub", None, {"image": 90}, mode=NEVER)), NODES)
    assert prompt.keys() == {"1", "9"}
    assert prompt["9"]["inputs"] == {"name": "x"}


def test_inner_id_that_is_taken_outside_is_renamed():
    sub = subgraph([node(1, "Number", [3]), node(102, "Number", [4])], [])
    prompt = convert(template([node(1, "Load"), node(5, "sub")], subgraphs=[sub]), NODES)
    assert prompt.keys() == {"1", "5:101", "5:102"}


def test_subgraph_that_contains_itself_is_an_error():
    with pytest.raises(TemplateError, match="contains itself"):
        convert(template([node(5, "sub")], subgraphs=[subgraph([node(6, "sub")], [])]), NODES)

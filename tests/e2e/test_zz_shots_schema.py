from __future__ import annotations
import os
from tests.annotation.test_schemas import answer, publish
from tests.factories import make_member, make_project, make_user, make_items, make_schema
from annotation.models import Project, Item
OUT = "/tmp/schemas/shots"
QS=[{"name":"usable","type":"single_choice","title":"Can it be used?","labels":[{"value":"yes"},{"value":"no"}]},
 {"name":"topics","title":"Which topics does it mention?","help":"Pick every one that is named, also in passing.","type":"multiple_choice","required":False,"show_when":{"question":"usable","any_of":["yes"]},"labels":[{"value":v,"help":h} for v,h in [("price","What it costs"),("service","People"),("quality",""),("delivery","Time")]]},
 {"name":"stars","type":"rating","max":5,"min_text":"useless","max_text":"perfect"}]
def test_shots(signed_in, problems):
    os.makedirs(OUT, exist_ok=True)
    owner = make_user("olga", can_create_projects=True)
    project = make_project(owner=owner, items=6, questions=QS)
    Item.objects.filter(project=project).update(payload={"text":"It came a day late, but the colours are better than in the picture, and the price is right.","page":"https://shop.test/a","stars":4})
    answer(project, *[{"usable":"yes","topics":["price","service"],"stars":4}]*3, {"usable":"no","stars":2})
    empty = Project.objects.create(name="Empty", created_by=owner); empty.memberships.create(user=owner, role="owner")
    viewer = make_member(project, "viewer")
    for scheme in ("light","dark"):
        for w in (1280, 390):
            ctx = signed_in(owner, viewport={"width":w,"height":900}, color_scheme=scheme)
            page = problems(ctx.new_page())
            def shot(name):
                page.wait_for_timeout(600)
                page.screenshot(path=f"{OUT}/{name}-{w}-{scheme}.png", full_page=True)
            page.goto(f"/projects/{empty.pk}/schema/"); page.wait_for_selector("[data-builder=ready]"); shot("empty")
            page.locator("[data-starter='1']").click(); shot("starter")
            page.goto(f"/projects/{project.pk}/schema/"); page.wait_for_selector("[data-builder=ready]"); shot("builder")
            page.locator(".builder-toggle").nth(1).click(); shot("topics")
            page.get_by_label("Delete price").click()
            page.get_by_label("Label 1", exact=True).fill("staff")
            page.get_by_label("Label 2", exact=True).fill("staff"); shot("faults")
            page.get_by_label("Label 2", exact=True).fill("worth"); page.wait_for_timeout(600)
            page.locator("#builder-publish").click(); page.wait_for_selector(".publish-changes"); shot("publish")
            page.keyboard.press("Escape")
            page.locator("#tab-fields").click(); page.get_by_role("button", name="All 2").click(); shot("fields")
            page.locator("#tab-json").click(); shot("json")
            ctx.close()
    publish(project, owner, [*QS, {"name":"note","type":"text","required":False}], note="Room for remarks")
    for scheme in ("light","dark"):
        for w in (1280, 390):
            ctx = signed_in(viewer, viewport={"width":w,"height":900}, color_scheme=scheme)
            page = problems(ctx.new_page())
            page.goto(f"/projects/{project.pk}/schema/"); shot("look") if False else page.screenshot(path=f"{OUT}/look-{w}-{scheme}.png", full_page=True)
            page.goto(f"/projects/{project.pk}/schema/versions/"); page.screenshot(path=f"{OUT}/versions-{w}-{scheme}.png", full_page=True)
            page.goto(f"/projects/{project.pk}/schema/versions/2/"); page.screenshot(path=f"{OUT}/version-{w}-{scheme}.png", full_page=True)
            ctx.close()

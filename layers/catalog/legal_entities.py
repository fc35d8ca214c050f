# SPDX-License-Identifier: Apache-2.0
"""Legal entities of the published register, where they are registered."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("法人", "Legal entities"),
    description=Text("公开登记的法人:行业、状态与住所。", "Legal entities as published: industry, status, address."),
    kind="legal_entity",
    geometry="point",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, uscc, entity_type, industry_code, left(industry_code, 1) AS industry_section, status,
               registered_at, address, building_id
        FROM legal_entity
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="uscc", title=Text("统一社会信用代码", "Social credit code"), in_tiles=False),
        Property(name="entity_type", title=Text("主体类型", "Type"), in_tiles=False),
        Property(name="industry_section", title=Text("行业门类", "Industry section"), values={
            "A": Text("农林牧渔业", "Agriculture"), "B": Text("采矿业", "Mining"), "C": Text("制造业", "Manufacturing"),
            "D": Text("电热燃水", "Energy and water"), "E": Text("建筑业", "Construction"),
            "F": Text("批发零售", "Trade"), "G": Text("交通仓储邮政", "Transport and storage"),
            "H": Text("住宿餐饮", "Lodging and catering"), "I": Text("信息技术", "Information technology"),
            "J": Text("金融业", "Finance"), "K": Text("房地产", "Real estate"),
            "L": Text("租赁商务", "Business services"),
            "M": Text("科研技术", "Research and technology"), "N": Text("水利环境", "Water and environment"),
            "O": Text("居民服务", "Resident services"), "P": Text("教育", "Education"),
            "Q": Text("卫生社工", "Health and social work"), "R": Text("文体娱乐", "Culture and sport"),
            "S": Text("公共管理", "Public administration"), "T": Text("国际组织", "International bodies"),
        }),
        Property(name="industry_code", title=Text("行业代码", "Industry code"), in_tiles=False),
        Property(name="status", title=Text("登记状态", "Status"), values={
            "active": Text("存续", "Active"), "moved_out": Text("迁出", "Moved out"),
            "revoked": Text("吊销", "Revoked"), "deregistered": Text("注销", "Deregistered"),
        }),
        Property(name="registered_at", title=Text("成立日期", "Registered"), type="datetime", in_tiles=False),
        Property(name="address", title=Text("住所", "Address"), in_tiles=False),
        Property(name="building_id", title=Text("所在建筑", "Building"), type="integer", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#6fb6c9", stroke="#2c5663", opacity=0.9, width=0.5, radius=2.5),
    zooms=(Zoom(minzoom=10, maxzoom=16, cell=16), Zoom(minzoom=17, maxzoom=18)),
    order=46,
    complete_from_zoom=17,
    is_visible=False,
    kpis=(Kpi(name="count", title=Text("法人数", "Entities")),),
)  # fmt: skip

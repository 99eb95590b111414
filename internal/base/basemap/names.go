package basemap

import "strings"

// The names of the demo's town, made up; pinyin by hand. Each table is one line of
// "Hans Hant Pinyin" words for every row of the plan below.

var townName = Names{"青桥街道", "青橋街道", "Qingqiao Subdistrict"}

// stems: the first of each row names the community and its first neighbourhood.
var stems = table(`
清荷 清荷 Qinghe,荷风 荷風 Hefeng,莲溪 蓮溪 Lianxi,采菱 採菱 Cailing,碧波 碧波 Bibo,听雨 聽雨 Tingyu,藕香 藕香 Ouxiang,鹭汀 鷺汀 Luting
柳岸 柳岸 Liu'an,春堤 春堤 Chundi,烟柳 煙柳 Yanliu,画桥 畫橋 Huaqiao,渡口 渡口 Dukou,芦花 蘆花 Luhua,苇湾 葦灣 Weiwan
木樨 木樨 Muxi,桂香 桂香 Guixiang,秋月 秋月 Qiuyue,金粟 金粟 Jinsu,丹桂 丹桂 Dangui,月华 月華 Yuehua,桂庭 桂庭 Guiting,秋实 秋實 Qiushi
槐荫 槐蔭 Huaiyin,国槐 國槐 Guohuai,青槐 青槐 Qinghuai,南槐 南槐 Nanhuai,知了 知了 Zhiliao,浓荫 濃蔭 Nongyin,槐序 槐序 Huaixu
石榴 石榴 Shiliu,榴花 榴花 Liuhua,朱实 朱實 Zhushi,五月 五月 Wuyue,红萼 紅萼 Hong'e,榴火 榴火 Liuhuo,安石 安石 Anshi
灯市 燈市 Dengshi,元夕 元夕 Yuanxi,上灯 上燈 Shangdeng,花灯 花燈 Huadeng,星桥 星橋 Xingqiao,鱼龙 魚龍 Yulong,火树 火樹 Huoshu,良宵 良宵 Liangxiao
望春 望春 Wangchun,迎春 迎春 Yingchun,玉兰 玉蘭 Yulan,辛夷 辛夷 Xinyi,早樱 早櫻 Zaoying,报春 報春 Baochun,春风 春風 Chunfeng,春晓 春曉 Chunxiao
棠梨 棠梨 Tangli,海棠 海棠 Haitang,梨雪 梨雪 Lixue,甘棠 甘棠 Gantang,棠影 棠影 Tangying,梨香 梨香 Lixiang,棠溪 棠溪 Tangxi
`)

// more stems, for second and third estates.
var moreStems = table(`锦绣 錦繡 Jinxiu,春和 春和 Chunhe,文澜 文瀾 Wenlan,东篱 東籬 Dongli,朝阳 朝陽 Chaoyang,兴学 興學 Xingxue,临河 臨河 Linhe,向阳 向陽 Xiangyang,人和 人和 Renhe,南薰 南薰 Nanxun,景明 景明 Jingming,永宁 永寧 Yongning,安澜 安瀾 Anlan,同乐 同樂 Tongle,康宁 康寧 Kangning,德馨 德馨 Dexin,书香 書香 Shuxiang,静园 靜園 Jingyuan,望河 望河 Wanghe,听松 聽松 Tingsong,长青 長青 Changqing,福泽 福澤 Fuze,晴川 晴川 Qingchuan,云栖 雲棲 Yunqi,竹里 竹里 Zhuli,明月 明月 Mingyue,锦华 錦華 Jinhua,嘉禾 嘉禾 Jiahe,百合 百合 Baihe,丰乐 豐樂 Fengle`)[0]

var estateSuffixes = table(`新村 新村 New Village,苑 苑 Court,花园 花園 Gardens,里 里 Lane,公寓 公寓 Apartments,家园 家園 Homes,小区 小區 Estate`)[0]

var columnRoads = table(`西堤路 西堤路 Xidi Road,荷塘路 荷塘路 Hetang Road,槐荫街 槐蔭街 Huaiyin Street,采莲路 採蓮路 Cailian Road,文澜路 文瀾路 Wenlan Road,青桥大道 青橋大道 Qingqiao Avenue,灯市街 燈市街 Dengshi Street,望春路 望春路 Wangchun Road,玉兰路 玉蘭路 Yulan Road,棠梨路 棠梨路 Tangli Road,东篱路 東籬路 Dongli Road`)[0]

var rowRoads = table(`南堤路 南堤路 Nandi Road,木樨街 木樨街 Muxi Street,秋实路 秋實路 Qiushi Road,河滨路 河濱路 Hebin Road,人和路 人和路 Renhe Road,元夕街 元夕街 Yuanxi Street,北苑路 北苑路 Beiyuan Road`)[0]

func table(s string) (rows [][]Names) {
	for line := range strings.Lines(strings.TrimSpace(s)) {
		var row []Names
		for w := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			p := strings.SplitN(w, " ", 3)
			row = append(row, Names{p[0], p[1], p[2]})
		}
		rows = append(rows, row)
	}
	return rows
}

// plus is a name of two parts: 清荷 + 社区, Qinghe + Community.
func (n Names) plus(s Names) Names {
	return Names{n.Hans + s.Hans, n.Hant + s.Hant, n.En + " " + s.En}
}
